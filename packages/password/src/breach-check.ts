import { type Fetch, invalidOption } from '@portcullis/core';
import { PasswordError } from './errors.js';

/** Asks whether a password is in a known breach. */
export interface BreachCheck {
  /** How often it was seen; 0 is not at all. @throws {PasswordError} `password_breach_check_unavailable`. */
  timesSeen(password: string): Promise<number>;
}

/** What `createBreachCheck` takes. */
export interface BreachCheckOptions {
  /** The range endpoint, without the prefix: `https://api.pwnedpasswords.com/range/`. */
  readonly endpoint: string;
  /** Default `globalThis.fetch`. */
  readonly fetch?: Fetch;
  /** Milliseconds. Default 2,000. */
  readonly timeout?: number;
}

// A range answer has about 800 lines of 40 characters, padded to at most 1,100.
const maxAnswer = 200_000;

/**
 * A k-anonymity client: only the first five of the 40 hex digits of the password's SHA-1 leave the process, and the answer is padded.
 *
 * @throws {CoreError} `invalid_option` for an endpoint that is not https.
 */
export function createBreachCheck({
  endpoint,
  fetch = globalThis.fetch,
  timeout = 2_000,
}: BreachCheckOptions): BreachCheck {
  if (!URL.canParse(endpoint) || new URL(endpoint).protocol !== 'https:')
    throw invalidOption('endpoint', 'give an https URL');
  const base = endpoint.endsWith('/') ? endpoint : `${endpoint}/`;
  return {
    async timesSeen(password) {
      const digest = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(password));
      const hex = [...new Uint8Array(digest)]
        .map((byte) => byte.toString(16).padStart(2, '0'))
        .join('')
        .toUpperCase();
      const suffix = hex.slice(5);
      try {
        const response = await fetch(`${base}${hex.slice(0, 5)}`, {
          headers: { 'Add-Padding': 'true' },
          signal: AbortSignal.timeout(timeout),
          redirect: 'error',
        });
        if (!response.ok) throw new Error(`status ${response.status}`);
        const text = await response.text();
        if (text.length > maxAnswer) throw new Error('answer too large');
        for (const line of text.split('\n')) {
          const [found, count] = line.trim().split(':');
          if (found?.toUpperCase() !== suffix) continue;
          const times = Number(count);
          if (!Number.isSafeInteger(times) || times < 0) throw new Error('a count that is no number');
          return times;
        }
        return 0;
      } catch (cause) {
        throw new PasswordError('password_breach_check_unavailable', undefined, { cause });
      }
    },
  };
}
