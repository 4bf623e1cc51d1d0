/** Runs so many pieces of work at a time. */
export interface Workers {
  /** Resolves when the work has begun, not when it is done. Rejects with the first failure of any. */
  run(work: () => Promise<void>): Promise<void>;
  /** Resolves when all of it is done. */
  done(): Promise<void>;
}

/** Workers for a stream: whoever reads it waits while all of them are busy. */
export function createWorkers(concurrency: number): Workers {
  const running = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;

  const check = (): void => {
    // What failed is thrown as it is: an error of the storage, which whoever called knows.
    if (failure !== undefined) throw failure.error as Error;
  };

  return {
    async run(work): Promise<void> {
      while (running.size >= concurrency) await Promise.race(running);
      check();
      const task: Promise<void> = work().then(
        () => void running.delete(task),
        (error: unknown) => {
          failure ??= { error };
          running.delete(task);
        },
      );
      running.add(task);
    },
    async done(): Promise<void> {
      await Promise.all(running);
      check();
    },
  };
}
