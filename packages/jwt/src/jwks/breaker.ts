/** Counts failures in a row and says when the next attempt may be made. */
export interface Breaker {
  /** Absolute milliseconds before which nothing is to be tried; 0 when it is closed. */
  readonly openUntil: number;
  /** How many failures in a row. */
  readonly failures: number;
  succeeded(): void;
  /** `atLeastMs`: what the peer itself asked for. */
  failed(now: number, atLeastMs?: number): void;
}

const firstPause = 1_000;
const longestPause = 60_000;

/** Opens at each failure, for a second at first and twice as long each time, up to a minute; one success closes it. */
export function createBreaker(): Breaker {
  let openUntil = 0;
  let failures = 0;
  return Object.freeze({
    get openUntil() {
      return openUntil;
    },
    get failures() {
      return failures;
    },
    succeeded() {
      openUntil = 0;
      failures = 0;
    },
    failed(now: number, atLeastMs = 0) {
      const pause = Math.max(firstPause * 2 ** Math.min(failures, 6), atLeastMs);
      openUntil = now + Math.min(pause, longestPause);
      failures += 1;
    },
  });
}
