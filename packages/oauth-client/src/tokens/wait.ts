/** Waits for a time in milliseconds, or rejects with the signal's reason. */
export type Wait = (ms: number, signal?: AbortSignal) => Promise<void>;

/** The runtime's own timer. */
export const timerWait: Wait = (ms, signal) =>
  new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', end);
      resolve();
    }, ms);
    if (signal?.aborted === true) end();
    else signal?.addEventListener('abort', end, { once: true });
  });
