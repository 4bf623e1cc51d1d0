/**
 * Runs a fetch and what is read of its answer within `timeoutMs`. The signal that `work` gets fires at the end in any case, so that
 * a body nobody wants does not hold its connection; and a fetch that does not listen to it is not waited for.
 * @throws Error when the time is over; else what `work` throws
 */
export function withinTime<R>(timeoutMs: number, work: (signal: AbortSignal) => Promise<R>): Promise<R> {
  return new Promise((resolve, reject) => {
    const controller = new AbortController();
    const timer = setTimeout(() => {
      const late = new Error(`No answer within ${timeoutMs} ms.`);
      controller.abort(late);
      reject(late);
    }, timeoutMs);
    void work(controller.signal)
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer);
        controller.abort();
      });
  });
}
