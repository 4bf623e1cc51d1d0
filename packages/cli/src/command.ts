import type { Storage } from '@portcullis/core';
import type { CollectionShape } from '@portcullis/core/storage';
import type { PortcullisConfig } from './config.js';
import type { OpenedStorage } from './opened-storage.js';

/** What surrounds a command: the process, or a test. */
export interface Surroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly clock: () => number;
}

/** A stream that a command writes to. */
export interface Sink {
  readonly isTTY?: boolean | undefined;
  write(text: string, done: (error?: Error | null) => void): unknown;
}

/** An option of a command. */
export interface OptionSpec {
  /** What its value is called in the help; an option without one is a switch. */
  readonly value?: string;
  readonly help: string;
  readonly multiple?: boolean;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** What was given on the command line. */
export interface Given {
  text(option: string): string | undefined;
  /** @throws UsageError when it is missing */
  required(option: string): string;
  list(option: string): readonly string[];
  flag(option: string): boolean;
  readonly positionals: readonly string[];
}

/** What a command works with. */
export interface CommandContext extends Surroundings {
  readonly given: Given;
  readonly json: boolean;
  config(): Promise<PortcullisConfig>;
  /** Opens the storage once; it is closed when the command has ended. `create` allows a file that is not there yet. */
  open(options?: { readonly create?: boolean }): Promise<OpenedStorage>;
  /** As `open`, for changes: what is revoked through it is published to the caches of other processes. */
  openShared(): Promise<Storage>;
  /** The collections that the application uses. */
  collections(): Promise<readonly CollectionShape[]>;
  /** To stdout: text for people, or the data with --json. */
  print(text: string, data: unknown): Promise<void>;
  /** To stderr, never with secrets. */
  note(text: string): Promise<void>;
  /** To stderr, where somebody looks. */
  progress(text: string): void;
}

/** A command: one file in commands/. */
export interface Command {
  /** As in `keys create`. */
  readonly name: string;
  readonly summary: string;
  /** Names of its positionals, `[name]` when it may be left out. */
  readonly positionals?: readonly string[];
  readonly options: OptionSpecs;
  readonly details?: string;
  /** The exit code. */
  run(context: CommandContext): Promise<number>;
}

export const globalOptions: OptionSpecs = {
  storage: { value: 'URL', help: 'sqlite:FILE, postgres://, mysql://, redis:// or redis+cluster://HOST:PORT,…' },
  config: { value: 'FILE', help: 'default: portcullis.config.js, .mjs or .ts in this folder' },
  prefix: { value: 'TEXT', help: 'with a URL: what names of tables or keys begin with' },
  schema: { value: 'NAME', help: 'with a postgres URL: the schema of its tables' },
  json: { help: 'one JSON document on stdout' },
  progress: { help: 'show progress on stderr even where it is no terminal' },
  help: { help: 'this text' },
};
