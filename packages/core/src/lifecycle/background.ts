/** Work that is done later, in one go, off the request's path. */
export interface Background {
  /** There is something to do: it will be done within the interval. */
  schedule(): void;
  /** Does it now. Rejects when it fails. */
  flush(): Promise<void>;
  /** Does it a last time and never again. */
  close(): Promise<void>;
}

/**
 * Runs `work` at most once an interval, one run after the other. The timer never keeps a process alive.
 * @param work does nothing when there is nothing to do.
 * @param failed hears of a run by the timer that failed. It is tried again one interval later.
 */
export function createBackground(
  work: () => Promise<void>,
  { everyMs, failed }: { readonly everyMs: number; readonly failed: (error: unknown) => void },
): Background {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let closed = false;
  let last: Promise<void> = Promise.resolve();

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const run = last.then(work);
    last = run.catch(() => undefined);
    return run;
  }

  function schedule(): void {
    if (timer !== undefined || closed) return;
    timer = setTimeout(() => {
      flush().catch((error: unknown) => {
        failed(error);
        schedule();
      });
    }, everyMs);
    // Node's timers are objects with unref; elsewhere they are numbers and hold nothing open.
    (timer as { unref?: () => void }).unref?.();
  }

  return {
    schedule,
    flush,
    close() {
      closed = true;
      return flush();
    },
  };
}
