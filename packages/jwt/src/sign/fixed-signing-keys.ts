import { encodeBase64url, isPromise, type MaybePromise, andThen } from '@portcullis/core';
import { defaultEngine } from '../engine/default-engine.js';
import { durationOption, minute, day } from '../duration.js';
import { invalidKey, invalidOption } from '../errors.js';
import type { Jwk, KeyObjectLike } from '../keys/key-input.js';
import { publicJwk, thumbprint } from './jwk.js';
import { externalSign, type ImportedKey, importOwnKey, lookUp } from './own-key.js';
import { checkSigningAlgorithm, type SigningAlgorithm } from './signing-algorithm.js';
import type { SigningKeys } from './signing-keys.js';

/** A key that this process holds. */
export interface LocalSigningKey {
  readonly algorithm: SigningAlgorithm;
  /** A private JWK, or Node's `KeyObject`; for HS256 the secret's bytes. */
  readonly key: Jwk | KeyObjectLike | Uint8Array;
  /** Default: the key's `kid`, else its RFC 7638 thumbprint. An HS256 secret needs one, for a thumbprint would give a hash of it away. */
  readonly kid?: string;
}

/** A key that never leaves a KMS or an HSM. */
export interface ExternalSigningKey {
  readonly algorithm: Exclude<SigningAlgorithm, 'HS256'>;
  readonly publicKey: Jwk;
  /**
   * Signs the bytes given, hashing them as the algorithm says, and gives the signature as JWS defines it: for ES256 64
   * bytes r || s, not DER. A rejection is passed on to who asked for the token.
   */
  readonly sign: (input: Uint8Array<ArrayBuffer>) => MaybePromise<Uint8Array>;
  readonly kid?: string;
}

/** Which keys there are, as the deployment states it. */
export interface FixedSigningKeysOptions {
  readonly current: LocalSigningKey | ExternalSigningKey;
  /** Published already, so that verifiers know it before it signs. */
  readonly next?: LocalSigningKey | ExternalSigningKey;
  /** Their tokens are still good. */
  readonly previous?: readonly (LocalSigningKey | ExternalSigningKey)[];
  /** How long a verifier may keep the key set. 0 to 86,400,000 milliseconds; default 300,000. */
  readonly jwksMaxAgeMs?: number;
  /** Lets tokens be signed with RS256, which has no security proof. Default false. */
  readonly dangerouslyAllowRs256?: boolean;
}

const kidPattern = /^[\x21-\x7e]{1,128}$/;

function jwkOf(key: LocalSigningKey['key'], option: string): Jwk {
  if (key instanceof Uint8Array) return { kty: 'oct', k: encodeBase64url(key) };
  if (typeof key !== 'object' || key === null)
    throw invalidKey(option, 'give a private JWK, a KeyObject, or the bytes of an HS256 secret');
  return typeof (key as KeyObjectLike).export === 'function'
    ? ((key as KeyObjectLike).export({ format: 'jwk' }) as Jwk)
    : (key as Jwk);
}

function kidOf(given: string | undefined, jwk: Jwk, option: string): string {
  const kid = given ?? jwk.kid ?? (jwk.kty === 'oct' ? undefined : thumbprint(jwk));
  if (kid === undefined)
    throw invalidOption(`${option}.kid`, 'a secret needs a key id; give one that says nothing of it');
  if (!kidPattern.test(kid)) throw invalidOption(`${option}.kid`, 'use 1 to 128 printable characters without spaces');
  return kid;
}

/**
 * Signing keys that the deployment gives: from its secrets, or in a KMS. To rotate, publish the new key as `next`, wait
 * for `jwksMaxAgeMs`, make it `current` and the old one `previous`, and drop that when its tokens have expired.
 * `createSigningKeys` does all this by itself.
 * @throws {JwtError} `invalid_option`, and `invalid_key` for a key that does not fit or is too weak; where the runtime
 * has no native crypto, the latter is thrown by the first use.
 */
export function fixedSigningKeys(options: FixedSigningKeysOptions): SigningKeys {
  const jwksMaxAgeMs = durationOption('jwksMaxAgeMs', options.jwksMaxAgeMs, { fallback: 5 * minute, min: 0, max: day });
  const { dangerouslyAllowRs256 = false } = options;
  const seen = new Set<string>();

  function load(given: LocalSigningKey | ExternalSigningKey, option: string): MaybePromise<ImportedKey> {
    const algorithm = checkSigningAlgorithm(`${option}.algorithm`, given.algorithm, dangerouslyAllowRs256);
    const external = 'sign' in given;
    const jwk = external ? given.publicKey : jwkOf(given.key, `${option}.key`);
    const kid = kidOf(given.kid, jwk, option);
    if (seen.has(kid)) throw invalidOption(`${option}.kid`, 'two keys have this id; give each its own');
    seen.add(kid);
    if (!external) return importOwnKey(jwk, kid, algorithm, `${option}.key`);
    const shared = publicJwk(jwk, kid, algorithm);
    const sign = externalSign(algorithm, given.sign, encodeBase64url);
    return andThen(defaultEngine.checker(algorithm, shared, `${option}.publicKey`), (check) => ({
      kid,
      algorithm,
      sign,
      check,
      publicJwk: shared,
    }));
  }

  const loading = [
    load(options.current, 'current'),
    ...(options.next === undefined ? [] : [load(options.next, 'next')]),
    ...(options.previous ?? []).map((key, at) => load(key, `previous[${at}]`)),
  ];
  let loaded: readonly ImportedKey[] | undefined = loading.some(isPromise) ? undefined : (loading as ImportedKey[]);
  const pending =
    loaded ??
    Promise.all(loading.map(async (key) => key)).then((keys) => {
      loaded = keys;
      return keys;
    });
  // The first use reports it; without this, a process that has not used them yet would end.
  if (isPromise(pending)) pending.then(undefined, () => undefined);
  const all = (): MaybePromise<readonly ImportedKey[]> => loaded ?? pending;

  return Object.freeze({
    // The first of the list is the current one, which is always given.
    current: () => andThen(all(), (keys) => keys[0] as ImportedKey),
    find: (hint) => andThen(all(), (keys) => lookUp(keys, hint)),
    jwks: () => andThen(all(), (keys) => ({ keys: keys.flatMap((key) => key.publicJwk ?? []) })),
    // What is given stays.
    onRemoved: () => () => undefined,
    ready: () => andThen(all(), () => undefined),
    jwksMaxAgeMs,
    maxTokenLifetimeMs: Number.POSITIVE_INFINITY,
  } satisfies SigningKeys);
}
