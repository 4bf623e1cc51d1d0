/** The time: milliseconds since the Unix epoch. */
export type Clock = () => number;

/** `count` fresh bytes from a cryptographic generator. The caller owns the array. */
export type Random = (count: number) => Uint8Array;

/** The web's `fetch`, as far as Portcullis needs it. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/**
 * What every factory takes from outside, so that a test can replace it.
 * A package's options extend this with what it needs of it.
 */
export interface Environment {
  /** Default: `Date.now`. */
  readonly clock?: Clock;
  /** Default: the runtime's CSPRNG, drawn in blocks. */
  readonly random?: Random;
  /** Default: `globalThis.fetch`. */
  readonly fetch?: Fetch;
}
