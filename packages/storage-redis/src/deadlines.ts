import { StorageUnavailableError } from '@portcullis/core/storage';
import { toStorageError } from './errors.js';

/** Waits for what a client promised, no longer than one fixed time. */
export interface Deadlines {
  /** `read` makes of an answer what the caller gets. Failures are errors of the storage contract. */
  wait<A, R>(work: PromiseLike<A>, read: (answer: A) => R): Promise<R>;
}

interface Waiting {
  readonly until: number;
  readonly reject: (error: Error) => void;
}

/** One timer for all calls: those that wait equally long run out in the order in which they began, and a timer for each costs as much as a read. */
export function createDeadlines(timeoutMs: number): Deadlines {
  const waiting = new Set<Waiting>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const arm = (ms: number): void => {
    timer = setTimeout(expire, ms);
    // Whoever waits for an answer has a connection open, and that keeps the process alive.
    timer.unref?.();
  };

  const expire = (): void => {
    timer = undefined;
    const now = performance.now();
    for (const one of waiting) {
      if (one.until > now) {
        arm(Math.ceil(one.until - now));
        return;
      }
      waiting.delete(one);
      one.reject(new StorageUnavailableError('The storage did not answer in time.'));
    }
  };

  return Object.freeze({
    wait<A, R>(work: PromiseLike<A>, read: (answer: A) => R): Promise<R> {
      return new Promise<R>((resolve, reject) => {
        const one: Waiting = { until: performance.now() + timeoutMs, reject };
        waiting.add(one);
        if (timer === undefined) arm(timeoutMs);
        work.then(
          (answer) => {
            waiting.delete(one);
            try {
              resolve(read(answer));
            } catch (error) {
              reject(toStorageError(error));
            }
          },
          (error: unknown) => {
            waiting.delete(one);
            reject(toStorageError(error));
          },
        );
      });
    },
  });
}
