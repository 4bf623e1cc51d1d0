import { StorageUnavailableError } from '../errors/core-errors.js';
import type { CallOptions } from './storage.js';

/**
 * Refuses a call whose signal has fired already. Adapters that answer at once need no more of `CallOptions` than this.
 *
 * @throws StorageUnavailableError
 */
export function assertNotAborted(call: CallOptions | undefined): void {
  if (call?.signal?.aborted === true) throw new StorageUnavailableError('The call was given up before it began.');
}

/**
 * Waits for a promise no longer than the call allows. The work itself goes on: on a write the outcome is unknown.
 *
 * @throws StorageUnavailableError when the signal fires or `timeoutMs` passes first
 */
export function withDeadline<T>(work: PromiseLike<T>, call: CallOptions | undefined): PromiseLike<T> {
  const signal = call?.signal;
  const timeoutMs = call?.timeoutMs;
  if (signal === undefined && timeoutMs === undefined) return work;
  return new Promise<T>((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const release = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
    };
    const aborted = (): void => {
      release();
      reject(new StorageUnavailableError('The call was given up before the storage answered.'));
    };
    if (timeoutMs !== undefined) {
      timer = setTimeout(() => {
        release();
        reject(new StorageUnavailableError('The storage did not answer in time.'));
      }, timeoutMs);
    }
    if (signal?.aborted === true) aborted();
    else signal?.addEventListener('abort', aborted, { once: true });
    work.then(
      (value) => {
        release();
        resolve(value);
      },
      (error: unknown) => {
        release();
        reject(error as Error);
      },
    );
  });
}
