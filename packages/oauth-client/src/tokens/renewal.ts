/** A token that was refused so soon after it came will not be bettered by another: milliseconds. */
export const settledMs = 5_000;

/** How long an early renewal that failed is left alone while the token is still good, milliseconds. */
export const quietMs = 5_000;

/**
 * From when a token is renewed: `aheadMs` before it expires, and for one that lives shorter than that makes sense, in the last fifth of its life.
 * Never for one that names no end.
 */
export function renewalTime(obtainedAt: number, expiresAt: number | undefined, aheadMs: number): number {
  if (expiresAt === undefined) return Number.POSITIVE_INFINITY;
  return expiresAt - Math.min(aheadMs, Math.max(0, expiresAt - obtainedAt) / 5);
}
