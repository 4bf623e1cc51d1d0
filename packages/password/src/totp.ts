import { hmac } from '@noble/hashes/hmac.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import {
  type Clock,
  invalidOption,
  modify,
  type Random,
  random as systemRandom,
  Secret,
  type Storage,
  type StoredRecord,
  timingSafeEqual,
} from '@portcullis/core';
import { decodeBase32, encodeBase32 } from './base32.js';

const hashes = { SHA1: sha1, SHA256: sha256, SHA512: sha512 } as const;

/** RFC 6238's parameters. Authenticator apps reliably know the defaults only. */
export interface TotpParameters {
  /** Default `SHA1`. */
  readonly algorithm?: 'SHA1' | 'SHA256' | 'SHA512';
  /** 6 to 8. Default 6. */
  readonly digits?: number;
}

const stepSeconds = 30;

/**
 * The code of one time step.
 *
 * @param step whole periods of 30 s since the epoch
 * @see RFC 6238 section 4, RFC 4226 section 5.3
 */
export function totpCode(
  secret: Uint8Array,
  step: number,
  { algorithm = 'SHA1', digits = 6 }: TotpParameters = {},
): string {
  const counter = new Uint8Array(8);
  new DataView(counter.buffer).setBigUint64(0, BigInt(step));
  const mac = hmac(hashes[algorithm], secret, counter);
  const offset = (mac.at(-1) as number) & 15;
  const value = new DataView(mac.buffer, mac.byteOffset).getUint32(offset) & 0x7fff_ffff;
  return String(value % 10 ** digits).padStart(digits, '0');
}

interface TotpUse extends StoredRecord {
  /** The last step that was accepted. */
  readonly step: number;
}

/** What `createTotp` takes. */
export interface TotpOptions extends TotpParameters {
  readonly storage: Storage;
  /** The service's name in the app. */
  readonly issuer: string;
  /** Steps before and after the current one that are taken, 0 to 2. Default 1. */
  readonly window?: number;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** What a code came to. */
export type TotpResult =
  | { readonly verified: true }
  | { readonly verified: false; readonly reason: 'wrong' | 'too_many_tries' };

/** Time-based one-time passwords as a second factor. */
export interface Totp {
  /** A new secret of 160 bits as base32. Store it encrypted: `createSealer` of core. */
  createSecret(): Secret;
  /** The `otpauth:` URI for a QR code. It holds the secret. */
  uri(secret: string, account: string): Secret;
  /**
   * Whether the code is right now. Each step is good once per subject (ASVS 6.5.1), and five wrong codes in five minutes, 50 in a
   * day, are all that is tried (a guess has one chance in about 300,000). A right code begins both anew.
   * @throws {CoreError} `invalid_option` when the secret is no base32 of at least 128 bits.
   */
  verify(subject: string, secret: string, code: string): Promise<TotpResult>;
}

// The day's bound is what stands against someone who has the password and guesses for weeks. It comes second, so that what the
// first refuses does not use it up.
const rules = [
  ['totp', { algorithm: 'fixed-window', limit: 5, windowMs: 300_000 }],
  ['totp-day', { algorithm: 'fixed-window', limit: 50, windowMs: 86_400_000 }],
] as const;

/** @throws {CoreError} `invalid_option` for digits, a window or an issuer out of range. */
export function createTotp(options: TotpOptions): Totp {
  const {
    storage,
    issuer,
    window = 1,
    algorithm = 'SHA1',
    digits = 6,
    clock = Date.now,
    random = systemRandom,
  } = options;
  if (![6, 7, 8].includes(digits)) throw invalidOption('digits', 'give 6, 7 or 8');
  if (![0, 1, 2].includes(window)) throw invalidOption('window', 'give 0, 1 or 2 steps of 30 s');
  if (typeof issuer !== 'string' || issuer === '' || issuer.includes(':'))
    throw invalidOption('issuer', 'name the service, without a colon');
  if (!(algorithm in hashes)) throw invalidOption('algorithm', 'use SHA1, SHA256 or SHA512');
  const uses = storage.collection<TotpUse>({ name: 'totp_uses' });

  function bytesOf(secret: string): Uint8Array {
    const bytes = typeof secret === 'string' ? decodeBase32(secret) : undefined;
    if (bytes === undefined || bytes.length < 16)
      throw invalidOption('secret', 'give base32 of at least 128 bits, as createSecret().reveal() does');
    return bytes;
  }

  /** Remembers the step unless this or a later one was used: of two callers with one code, one passes. */
  async function useStep(subject: string, step: number): Promise<boolean> {
    const now = clock();
    let fresh = false;
    await modify(uses, subject, (record) => {
      fresh = record === undefined || record.step < step;
      if (!fresh) return undefined;
      // Steps older than the window are refused anyway, so the record may go then.
      const expiresAt = (step + window + 2) * stepSeconds * 1000;
      return { id: subject, createdAt: record?.createdAt ?? now, expiresAt, step };
    });
    return fresh;
  }

  return {
    createSecret: () => new Secret(encodeBase32(random(20))),
    uri(secret, account) {
      bytesOf(secret);
      const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`;
      const query = new URLSearchParams({
        secret,
        issuer,
        algorithm,
        digits: String(digits),
        period: String(stepSeconds),
      });
      // Some apps show a plus for a space.
      return new Secret(`otpauth://totp/${label}?${query.toString().replaceAll('+', '%20')}`);
    },
    async verify(subject, secret, code) {
      const bytes = bytesOf(secret);
      if (typeof subject !== 'string' || subject === '') throw invalidOption('subject', 'name the user');
      // Counted first, so that parallel guesses cannot share one try.
      for (const [name, rule] of rules) {
        const { allowed } = await storage.counters.consume(`${name}:${subject}`, rule);
        if (!allowed) return { verified: false, reason: 'too_many_tries' };
      }
      const now = Math.floor(clock() / 1000 / stepSeconds);
      let matching: number | undefined;
      for (let step = now - window; step <= now + window; step++) {
        // Every step is compared, so that the time tells nothing of the clock's drift.
        if (timingSafeEqual(totpCode(bytes, step, { algorithm, digits }), code)) matching = step;
      }
      if (matching === undefined || !(await useStep(subject, matching))) return { verified: false, reason: 'wrong' };
      for (const [name] of rules) await storage.counters.reset(`${name}:${subject}`);
      return { verified: true };
    },
  };
}
