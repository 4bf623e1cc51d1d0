import { StorageUnavailableError } from '../errors/core-errors.js';

/** Waits for what a client promised, no longer than one fixed time. */
export interface Deadlines {
  /** `read` makes of an answer what the caller gets. Failures go through `failed`, which was given at creation. */
  wait<A, R>(work: PromiseLike<A>, read: (answer: A) => R): Promise<R>;
}

interface Waiting {
  readonly until: number;
  readonly reject: (error: Error) => void;
}

/**
 * One timer for all calls of a storage: those that wait equally long run out in the order in which they began, and a timer for each costs as
 * much as a read.
 *
 * @param timeoutMs how long each may take, in milliseconds
 * @param failed makes of a client's error one of the storage contract
 */
export function createDeadlines(timeoutMs: number, failed: (error: unknown) => Error): Deadlines {
  const waiting = new Set<Waiting>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const arm = (ms: number): void => {
    timer = setTimeout(expire, ms);
    // Whoever waits for an answer has a connection open, and that keeps the process alive. Elsewhere than on Node a timer is a number.
    (timer as { unref?: () => void }).unref?.();
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
              reject(failed(error));
            }
          },
          (error: unknown) => {
            waiting.delete(one);
            reject(failed(error));
          },
        );
      });
    },
  });
}
