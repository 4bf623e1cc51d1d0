import { invalidOption } from '../errors/core-errors.js';
import { encodeBase64url } from './base64url.js';
import type { Random } from './environment.js';
import { createHmac } from './hmac.js';
import { random as runtimeRandom } from './random.js';

/** What the makers of bound tokens take. */
export interface BoundTokensOptions {
  /** At least 32 random bytes, the same in every process. */
  readonly key: Uint8Array;
  /** Keys that still verify while a new one is rolled out. Default none. */
  readonly previousKeys?: readonly Uint8Array[];
  /** Default: the runtime's CSPRNG. */
  readonly random?: Random;
}

/** Tokens that are good for one subject. Nothing is stored. */
export interface BoundTokens {
  /** Each call gives another token. */
  issue(subject: string): string;
  /** Never throws. */
  verify(subject: string, token: string | undefined): boolean;
}

const nonceBytes = 16;
const nonceLength = 22;
const tokenLength = nonceLength + 1 + 43;

/**
 * Makes tokens `random.mac`: HMAC-SHA256 over purpose, length-prefixed subject and 128 random bits, so that a token of one purpose or
 * subject is worth nothing for another.
 * @throws {CoreError} `invalid_option` at creation for a key below 32 bytes, and from `issue` for an empty subject.
 */
export function createBoundTokens(purpose: string, options: BoundTokensOptions): BoundTokens {
  const { key, previousKeys = [], random = runtimeRandom } = options;
  for (const candidate of [key, ...previousKeys]) {
    if (!((candidate as unknown) instanceof Uint8Array) || candidate.length < 32)
      throw invalidOption('key', 'give at least 32 random bytes');
  }
  const current = createHmac(key);
  const all = [current, ...previousKeys.map((previous) => createHmac(previous))];
  // The lengths stand first, so that no subject can end in what begins another's random part.
  const message = (subject: string, nonce: string): string =>
    `portcullis ${purpose} v1!${subject.length}!${subject}!${nonce.length}!${nonce}`;

  return {
    issue(subject) {
      if (subject === '') throw invalidOption(purpose, 'a token is bound to a subject; an empty one names nobody');
      const nonce = encodeBase64url(random(nonceBytes));
      return `${nonce}.${current.text(message(subject, nonce))}`;
    },
    verify(subject, token) {
      // A body parser may have made it an array, which has a length and a slice too.
      if (subject === '' || typeof token !== 'string' || token.length !== tokenLength || token[nonceLength] !== '.')
        return false;
      const signed = message(subject, token.slice(0, nonceLength));
      const mac = token.slice(nonceLength + 1);
      return all.some((hmac) => hmac.verify(signed, mac));
    },
  };
}
