import { isPortcullisError, type Storage } from '@portcullis/core';
import { CommandError } from './failures.js';

/** What differs in a database, of whichever adapter. */
export interface FoundDrift {
  readonly kind: string;
  readonly table?: string;
  readonly name: string;
  readonly mend?: readonly string[];
}

/** A storage that a command works on. */
export interface OpenedStorage {
  readonly storage: Storage;
  /** What may be shown of where it is: no secrets. */
  readonly name: string;
  readonly migrate: (() => Promise<void>) | undefined;
  readonly drift: (() => Promise<readonly FoundDrift[]>) | undefined;
  /** All statements, where the database has statements. */
  readonly migrations: (() => readonly string[]) | undefined;
  /** The database's clock. */
  readonly now: (() => Promise<number>) | undefined;
  /** The collections that are really there, where that can be told. */
  readonly collectionNames: (() => Promise<readonly string[]>) | undefined;
  readonly close: () => Promise<void>;
}

/** How a URL is opened. */
export interface OpenUrlOptions {
  readonly cwd: string;
  readonly prefix?: string | undefined;
  readonly schema?: string | undefined;
  readonly create: boolean;
}

/** A failure to connect, as something to act on. */
export function describeFailure(error: unknown, name: string, secrets: readonly string[]): Error {
  if (error instanceof CommandError || isPortcullisError(error)) return error;
  const { code, message } = error as { readonly code?: unknown; readonly message?: string };
  const told = [typeof code === 'string' ? code : undefined, message].filter(Boolean).join(': ');
  const clean = secrets.reduce((text, secret) => text.replaceAll(secret, '***'), told || 'the client did not say why');
  return new CommandError('storage_unavailable', `Cannot use ${name}: ${clean}`);
}
