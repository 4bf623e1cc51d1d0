import { invalidOption } from '../errors/core-errors.js';
import type { Collection, StoredRecord } from './storage.js';

/** How hard `sweepExpired` works. */
export interface SweepOptions {
  /** The most records of one batch. 1 to 100,000, default 500. */
  readonly limit?: number;
  /** What share of the time it works; it rests for the remainder. Above 0 to 1, which is without a rest. Default 0.2. */
  readonly share?: number;
  /** Milliseconds that one batch should take: of 50 to `limit` records it has so many as fit. 1 to 60,000, default 10. */
  readonly batchMs?: number;
  /** Ends the sweep after the batch that is under way, and its rest at once. */
  readonly signal?: AbortSignal | undefined;
  /** Hears after each batch how many are deleted so far. */
  readonly progress?: (deleted: number) => void;
  /** Milliseconds from any beginning, by which a batch is timed. Default `performance.now`. */
  readonly timer?: () => number;
  /** How to rest. Default: the runtime's timer. */
  readonly wait?: (ms: number, signal: AbortSignal | undefined) => PromiseLike<void>;
}

// What begins a batch costs something too, and where the way to the database is long no batch is ever quick.
const smallest = 50;

/**
 * Deletes the expired records of a collection while requests are served from it: in short batches, with a rest after each that is as long as
 * the batch makes it. A database that is slow, busy or on few cores is thereby swept more slowly, by itself.
 *
 * It ends when a batch finds nothing. What expired within the running hour stays until that hour is over.
 *
 * @returns how many were deleted
 * @throws CoreError `invalid_option`; StorageUnavailableError at the first batch that fails: what was deleted stays so, call it again later
 */
export async function sweepExpired<T extends StoredRecord>(
  collection: Pick<Collection<T>, 'deleteExpired'>,
  options: SweepOptions = {},
): Promise<number> {
  const { share = 0.2, signal, progress, timer = () => performance.now(), wait = rest } = options;
  const limit = whole('limit', options.limit ?? 500, 100_000);
  const batchMs = whole('batchMs', options.batchMs ?? 10, 60_000);
  if (!(share > 0 && share <= 1)) throw invalidOption('share', 'give a number above 0, and 1 at most.');
  const least = Math.min(smallest, limit);
  let size = least;
  let deleted = 0;
  while (signal?.aborted !== true) {
    const began = timer();
    const gone = await collection.deleteExpired(size);
    const took = Math.max(0, timer() - began);
    if (gone === 0) break;
    deleted += gone;
    progress?.(deleted);
    // No more than twice the size at once: one quick batch says little of the next.
    const fitting = took === 0 ? limit : Math.floor((size * batchMs) / took);
    size = Math.max(least, Math.min(limit, size * 2, fitting));
    const restMs = took * (1 / share - 1);
    // Also without a rest others get their turn: a storage may answer at once.
    await wait(restMs, signal);
  }
  return deleted;
}

function whole(name: string, value: number, most: number): number {
  if (!Number.isSafeInteger(value) || value < 1 || value > most)
    throw invalidOption(name, `give a whole number from 1 to ${most.toLocaleString('en')}.`);
  return value;
}

function rest(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timeout);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timeout = setTimeout(done, ms);
    if (signal?.aborted === true) done();
    else signal?.addEventListener('abort', done, { once: true });
  });
}
