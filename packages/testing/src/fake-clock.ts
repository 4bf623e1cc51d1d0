/** A clock that stands still until a test moves it; call it for the time in absolute milliseconds. */
export interface FakeClock {
  (): number;
  /** Moves the time forward by `ms` and returns the new time. */
  advance(ms: number): number;
  /** Sets the time to `at`, forward or back. */
  set(at: number): void;
}

/** A {@link FakeClock} that starts at `start`, absolute milliseconds; by default 2026-01-01T00:00:00Z. */
export function fakeClock(start: number = Date.UTC(2026, 0, 1)): FakeClock {
  let now = start;
  return Object.assign(() => now, {
    advance(ms: number): number {
      now += ms;
      return now;
    },
    set(at: number): void {
      now = at;
    },
  });
}
