import { createHash } from 'node:crypto';
import {
  type CallOptions,
  type Deadlines,
  StorageUnavailableError,
  assertNotAborted,
  withDeadline,
} from '@portcullis/core/storage';
import { RedisStorageError, isUnknownScript, toStorageError } from './errors.js';

/** What a subscription tells. */
export interface Ear {
  message(text: string): void;
  /** The connection is gone, once; nothing comes after it. */
  broken(): void;
}

/** A client of any kind, as the rest of this package sees it. */
export interface Driver {
  /** Whether what is sent now goes out, instead of being kept until the server is back. */
  ready(): boolean;
  /** Reads a string from the primary that has `key`. */
  get(key: string): PromiseLike<unknown>;
  /** Sends a command to the primary that has `key`. Every command of this package has one key. */
  send(key: string, args: readonly string[]): PromiseLike<unknown>;
  /** Asks every primary. */
  everywhere(args: readonly string[]): Promise<readonly unknown[]>;
  /** Listens on a connection of its own. The function returned ends it. */
  listen(channels: readonly string[], ear: Ear): Promise<() => void>;
}

/** A driver, and how long to wait for it where a call does not say. */
export interface Database {
  readonly driver: Driver;
  readonly deadlines: Deadlines;
  readonly timeoutMs: number;
}

/** A Lua script on one key: atomic, since a server runs one at a time. */
export interface Script {
  run(key: string, args: readonly string[]): Promise<unknown>;
}

/** Sends one command, without a deadline. */
export function send(database: Database, key: string, args: readonly string[]): PromiseLike<unknown> {
  const { driver } = database;
  return driver.ready() ? driver.send(key, args) : Promise.reject(notReady());
}

/** Reads one string, without a deadline. */
export function get({ driver }: Database, key: string): PromiseLike<unknown> {
  return driver.ready() ? driver.get(key) : Promise.reject(notReady());
}

// The client would keep a command and send it when the server is back, long after the caller was told that it is down.
function notReady(): StorageUnavailableError {
  return new StorageUnavailableError('There is no connection to the server.');
}

/** A script that is sent by its hash, and whole where the server does not know it. */
export function createScript(database: Database, source: string): Script {
  const hash = createHash('sha1').update(source).digest('hex');
  return Object.freeze({
    async run(key: string, args: readonly string[]): Promise<unknown> {
      try {
        return await send(database, key, ['EVALSHA', hash, '1', key, ...args]);
      } catch (error) {
        if (!isUnknownScript(error)) throw error;
        return send(database, key, ['EVAL', source, '1', key, ...args]);
      }
    },
  });
}

/** Waits for the work of one call, however many commands it has, no longer than the call allows. Failures are errors of the contract. */
export async function within<R>(database: Database, call: CallOptions | undefined, work: () => Promise<R>): Promise<R> {
  assertNotAborted(call);
  if (call?.signal === undefined && call?.timeoutMs === undefined) return database.deadlines.wait(work(), same);
  try {
    return await withDeadline(work(), { signal: call.signal, timeoutMs: call.timeoutMs ?? database.timeoutMs });
  } catch (error) {
    throw toStorageError(error);
  }
}

function same<R>(answer: R): R {
  return answer;
}

/** Reads a whole number, which some clients give as text. */
export function integer(value: unknown): number {
  if (typeof value === 'number' || typeof value === 'bigint' || (typeof value === 'string' && /^-?\d+$/.test(value)))
    return Number(value);
  throw unexpected();
}

/** Reads text. */
export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw unexpected();
}

/** As `text`, where the key may be absent. */
export function optionalText(value: unknown): string | undefined {
  return value === null || value === undefined ? undefined : text(value);
}

/** Reads a list. */
export function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  throw unexpected();
}

function unexpected(): RedisStorageError {
  return new RedisStorageError(
    'storage_drifted',
    'The client answers in another form. Give one without buffers or mappings of types.',
  );
}
