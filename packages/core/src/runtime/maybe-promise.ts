/** A value now, or a promise of it: what lets the common path (memory, a warm cache) answer without waiting. */
export type MaybePromise<T> = T | PromiseLike<T>;

/** Whether a value has to be waited for. */
export function isPromise<T>(value: MaybePromise<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<T>).then === 'function';
}

/**
 * Continues with `next`: at once when `value` is there, after it when it is a promise.
 * A synchronous throw of `next` is thrown, a rejection is passed on: `settle` at the top turns both into one.
 * Not named `then`: a module that exports a function of that name is a thenable, and `await import()` of it never gives the module.
 */
export function andThen<T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return isPromise(value) ? value.then(next) : next(value);
}

/**
 * Runs `work` and hands every failure, thrown or rejected, to `failed`.
 * The one place where "it threw" and "it rejected" become the same answer.
 */
export function settle<T>(work: () => MaybePromise<T>, failed: (error: unknown) => T): MaybePromise<T> {
  try {
    const value = work();
    return isPromise(value) ? value.then(undefined, failed) : value;
  } catch (error) {
    return failed(error);
  }
}
