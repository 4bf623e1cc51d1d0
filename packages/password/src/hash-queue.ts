import { PasswordError } from './errors.js';

/** Runs work with a bounded number at once and a bounded line behind it. */
export interface HashQueue {
  /** @throws {PasswordError} `password_hasher_busy` when the line is full; nothing was begun. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * Each hash holds megabytes and a thread: unbounded, a burst of logins takes the whole process down (ASVS 11.2, CS Password).
 */
export function createHashQueue({
  concurrent,
  queued,
}: {
  readonly concurrent: number;
  readonly queued: number;
}): HashQueue {
  let running = 0;
  const waiting: (() => void)[] = [];
  return {
    async run(work) {
      if (running >= concurrent) {
        if (waiting.length >= queued) throw new PasswordError('password_hasher_busy');
        // Whoever ends hands its place over, so that a newcomer cannot slip in between.
        await new Promise<void>((resolve) => waiting.push(resolve));
      } else {
        running += 1;
      }
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };
}
