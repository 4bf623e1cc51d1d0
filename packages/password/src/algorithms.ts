import { invalidOption } from '@portcullis/core';
import { PasswordError } from './errors.js';
import type { PhcHash } from './phc.js';

/** scrypt: `ln` is log2 of N. Memory is 128 · 2^ln · r bytes. */
export interface ScryptParameters {
  readonly algorithm: 'scrypt';
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

/** Argon2id: `m` KiB of memory, `t` passes, `p` lanes. */
export interface Argon2Parameters {
  readonly algorithm: 'argon2id';
  readonly m: number;
  readonly t: number;
  readonly p: number;
}

/** PBKDF2-HMAC: `i` iterations. */
export interface Pbkdf2Parameters {
  readonly algorithm: 'pbkdf2-sha256' | 'pbkdf2-sha512';
  readonly i: number;
}

/** What a new hash is made with. */
export type HashParameters = ScryptParameters | Argon2Parameters | Pbkdf2Parameters;

/** What a stored hash asks for; other systems also left argon2i and argon2d behind. */
export type StoredParameters =
  | HashParameters
  | (Omit<Argon2Parameters, 'algorithm'> & { readonly algorithm: 'argon2i' | 'argon2d' });

/** The OWASP Password Storage Cheat Sheet's first choice of each algorithm. */
export const defaultParameters: Readonly<Record<HashParameters['algorithm'], HashParameters>> = {
  scrypt: { algorithm: 'scrypt', ln: 17, r: 8, p: 1 },
  argon2id: { algorithm: 'argon2id', m: 19_456, t: 2, p: 1 },
  'pbkdf2-sha256': { algorithm: 'pbkdf2-sha256', i: 600_000 },
  'pbkdf2-sha512': { algorithm: 'pbkdf2-sha512', i: 220_000 },
};

function aboveFloor(parameters: HashParameters): boolean {
  switch (parameters.algorithm) {
    case 'scrypt': {
      const { ln, r, p } = parameters;
      return r >= 8 && ((ln >= 17 && p >= 1) || (ln >= 16 && p >= 2) || (ln >= 15 && p >= 3));
    }
    case 'argon2id': {
      const { m, t, p } = parameters;
      return p >= 1 && ((m >= 47_104 && t >= 1) || (m >= 19_456 && t >= 2) || (m >= 12_288 && t >= 3));
    }
    case 'pbkdf2-sha256':
      return parameters.i >= 600_000;
    case 'pbkdf2-sha512':
      return parameters.i >= 220_000;
  }
}

const whole = (value: number | undefined, least: number, most: number): value is number =>
  value !== undefined && Number.isSafeInteger(value) && value >= least && value <= most;

/** Whether the work is of a size that a server can be asked for: at most 256 MiB and some seconds. */
function withinCaps(parameters: StoredParameters): boolean {
  switch (parameters.algorithm) {
    case 'scrypt': {
      const { ln, r, p } = parameters;
      return (
        whole(ln, 1, 20) &&
        whole(r, 1, 32) &&
        whole(p, 1, 16) &&
        128 * 2 ** ln * r <= 2 ** 28 &&
        2 ** ln * r * p <= 2 ** 22
      );
    }
    case 'argon2id':
    case 'argon2i':
    case 'argon2d': {
      const { m, t, p } = parameters;
      return whole(m, 8, 262_144) && whole(t, 1, 32) && whole(p, 1, 16) && m >= 8 * p && m * t <= 2 ** 20;
    }
    case 'pbkdf2-sha256':
    case 'pbkdf2-sha512':
      return whole(parameters.i, 1, 5_000_000);
  }
}

/**
 * Start-up check of what new hashes are made with.
 *
 * @throws {CoreError} `invalid_option` below the cheat sheet's floor or above what a server can bear.
 */
export function checkParameters(parameters: HashParameters): HashParameters {
  if (!(parameters.algorithm in defaultParameters)) {
    throw invalidOption('parameters.algorithm', `use one of ${Object.keys(defaultParameters).join(', ')}`);
  }
  if (!withinCaps(parameters))
    throw invalidOption(
      'parameters',
      'they are no whole numbers, or ask for more than 256 MiB or several seconds a hash',
    );
  if (!aboveFloor(parameters)) {
    const floor: Record<HashParameters['algorithm'], string> = {
      scrypt: 'scrypt needs r 8 and ln 17 / p 1, ln 16 / p 2 or ln 15 / p 3',
      argon2id: 'argon2id needs m 47104 / t 1, m 19456 / t 2 or m 12288 / t 3',
      'pbkdf2-sha256': 'pbkdf2-sha256 needs 600,000 iterations',
      'pbkdf2-sha512': 'pbkdf2-sha512 needs 220,000 iterations',
    };
    throw invalidOption('parameters', `below the floor of the OWASP cheat sheet: ${floor[parameters.algorithm]}`);
  }
  return { ...parameters };
}

const names: readonly string[] = ['ln', 'r', 'p', 'm', 't', 'i'];

/**
 * What a stored hash asks for, or `undefined` for an algorithm that is not one of ours.
 *
 * @throws {PasswordError} `password_parameters` when it asks for absurd work; nothing has been hashed then.
 */
export function storedParameters({ id, version, params, salt, hash }: PhcHash): StoredParameters | undefined {
  const { ln, r, p, m, t, i } = params;
  const argon2 = id === 'argon2id' || id === 'argon2i' || id === 'argon2d';
  const wanted =
    id === 'scrypt' ? ['ln', 'r', 'p'] : argon2 ? ['m', 't', 'p'] : id.startsWith('pbkdf2-') ? ['i'] : undefined;
  if (wanted === undefined || (!argon2 && !(id in defaultParameters))) return undefined;
  const given = Object.keys(params);
  const complete =
    given.length === wanted.length && given.every((name) => names.includes(name) && wanted.includes(name));
  const parameters = (
    id === 'scrypt' ? { algorithm: id, ln, r, p } : argon2 ? { algorithm: id, m, t, p } : { algorithm: id, i }
  ) as StoredParameters;
  // Argon2 1.0 (v=16, or none) is another function; 1.3 is what the RFC describes.
  const current = argon2 ? version === 19 || version === 16 || version === undefined : version === undefined;
  const sizes = salt.length >= 8 && salt.length <= 64 && hash.length >= 16 && hash.length <= 128;
  if (!complete || !current || !sizes || !withinCaps(parameters)) throw new PasswordError('password_parameters');
  return parameters;
}

/** Whether a stored hash is weaker than, or other than, what new hashes are made with. */
export function isOutdated(stored: StoredParameters, wanted: HashParameters): boolean {
  if (stored.algorithm !== wanted.algorithm) return true;
  const have = stored as unknown as Record<string, number>;
  return Object.entries(wanted).some(([name, value]) => typeof value === 'number' && (have[name] ?? 0) < value);
}
