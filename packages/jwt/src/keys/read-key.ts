import { decodeBase64url, utf8 } from '@portcullis/core';
import type { AlgorithmFacts } from '../engine/algorithms.js';
import { invalidKey } from '../errors.js';
import { isDisguisedKey } from './disguised-key.js';
import { checkKeyFacts, type KeyUse } from './key-facts.js';
import type { Jwk, KeyInput, KeyObjectLike } from './key-input.js';

/** A key whose form, type and declared use were checked, for an engine to import. */
export type KeySource =
  | { readonly form: 'secret'; readonly bytes: Uint8Array }
  | { readonly form: 'pem'; readonly pem: string }
  | { readonly form: 'jwk'; readonly jwk: Jwk }
  | { readonly form: 'crypto-key'; readonly key: CryptoKey }
  | { readonly form: 'key-object'; readonly key: KeyObjectLike };

function isCryptoKey(key: object): key is CryptoKey {
  return (key as { readonly [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === 'CryptoKey';
}

function isKeyObject(key: object): key is KeyObjectLike {
  const { type, export: exporter } = key as { readonly type?: unknown; readonly export?: unknown };
  return typeof exporter === 'function' && (type === 'secret' || type === 'public' || type === 'private');
}

function readSecret(facts: AlgorithmFacts, secret: Uint8Array | string, use: KeyUse, option: string): KeySource {
  if (facts.family !== 'HMAC') {
    throw invalidKey(
      option,
      `${facts.name} takes a key pair (PEM, JWK, CryptoKey, KeyObject), not the bytes of a secret`,
    );
  }
  if (isDisguisedKey(secret)) {
    throw invalidKey(option, `this is a public key, which everybody knows; ${facts.name} takes a secret`);
  }
  const bytes = utf8(secret).slice();
  checkKeyFacts(facts, { type: 'secret', kty: 'oct', bytes: bytes.length }, use, option);
  return { form: 'secret', bytes };
}

const pemBlock = /^\s*-----BEGIN ([A-Z0-9 ]+)-----[\sA-Za-z0-9+/=]+-----END \1-----\s*$/;

function readPem(pem: string, use: KeyUse, option: string): KeySource {
  const label = pemBlock.exec(pem)?.[1];
  const wanted = use === 'verify' ? 'PUBLIC KEY' : 'PRIVATE KEY';
  if (label === wanted) return { form: 'pem', pem };
  const half = use === 'verify' ? 'public' : 'private';
  throw invalidKey(option, `give the ${half} key as one PEM block that begins with -----BEGIN ${wanted}-----`);
}

const members = ['kty', 'crv', 'x', 'y', 'n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'k'] as const;

/**
 * Checks a JWK's type, curve and declared use against an algorithm, and copies what an import needs.
 * @throws {JwtError} `invalid_key`
 * @see RFC 7517 section 4
 */
function readJwk(facts: AlgorithmFacts, input: Jwk, use: KeyUse, option: string): KeySource {
  const { kty, crv, alg, key_ops: operations, k, d, oth } = input;
  const { name, curve } = facts;
  if (kty !== facts.kty) throw invalidKey(option, `${name} takes a JWK whose kty is ${facts.kty}`);
  if (curve !== undefined && crv !== curve) throw invalidKey(option, `${name} takes a JWK whose crv is ${curve}`);
  if (alg !== undefined && alg !== name) throw invalidKey(option, `its alg is another algorithm than ${name}`);
  if (input.use !== undefined && input.use !== 'sig') throw invalidKey(option, 'its use is not "sig"');
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes(use))) {
    throw invalidKey(option, `its key_ops do not include "${use}"`);
  }
  if (facts.kty === 'oct') {
    const bytes = typeof k === 'string' ? decodeBase64url(k) : undefined;
    if (bytes === undefined) throw invalidKey(option, 'its k is not base64url');
    return readSecret(facts, bytes, use, option);
  }
  if (use === 'verify' && d !== undefined) {
    throw invalidKey(option, 'this is a private key; a verifier gets the public half only');
  }
  if (use === 'sign' && d === undefined) throw invalidKey(option, 'signing takes the private half of the pair');
  if (oth !== undefined) throw invalidKey(option, 'RSA keys of more than two primes are not supported');
  const jwk: Record<string, unknown> & { kty: string } = { kty };
  for (const member of members) {
    const value = input[member];
    if (value === undefined) continue;
    if (typeof value !== 'string') throw invalidKey(option, `its ${member} is not a string`);
    if (member !== 'kty' && member !== 'crv' && decodeBase64url(value) === undefined) {
      throw invalidKey(option, `its ${member} is not base64url`);
    }
    jwk[member] = value;
  }
  return { form: 'jwk', jwk };
}

function readCryptoKey(facts: AlgorithmFacts, key: CryptoKey, use: KeyUse, option: string): KeySource {
  const { name, hash, namedCurve } = key.algorithm as { name: string; hash?: { name: string }; namedCurve?: string };
  const fits =
    name === facts.family &&
    (hash === undefined || hash.name === `SHA-${facts.bits}`) &&
    (namedCurve === undefined || namedCurve === facts.curve);
  if (!fits) throw invalidKey(option, `this CryptoKey was made for another algorithm than ${facts.name}`);
  if (use === 'verify' && key.type === 'private') {
    throw invalidKey(option, 'this is a private key; a verifier gets the public half only');
  }
  if (use === 'sign' && key.type === 'public') throw invalidKey(option, 'signing takes the private half of the pair');
  // Verifying a MAC is computing it.
  const needed = facts.family === 'HMAC' ? ['sign', 'verify'] : [use];
  if (!needed.some((usage) => (key.usages as readonly string[]).includes(usage))) {
    throw invalidKey(option, `this CryptoKey was made without the usage "${use}"`);
  }
  return { form: 'crypto-key', key };
}

function readKeyObject(facts: AlgorithmFacts, key: KeyObjectLike, use: KeyUse, option: string): KeySource {
  if (key.type === 'secret') {
    const { k } = key.export({ format: 'jwk' }) as { readonly k: string };
    return readSecret(facts, decodeBase64url(k) ?? new Uint8Array(), use, option);
  }
  if (facts.family === 'HMAC') throw invalidKey(option, `${facts.name} takes a secret, never a public key`);
  return { form: 'key-object', key };
}

/**
 * Reads a key for one algorithm and one use. Checked here: its form, type, declared use, and a secret's length; the engine
 * checks strength and curve once it has imported it.
 * @throws {JwtError} `invalid_key`
 */
export function readKey(facts: AlgorithmFacts, input: KeyInput, use: KeyUse, option: string): KeySource {
  if (typeof input === 'string') {
    return facts.family === 'HMAC' ? readSecret(facts, input, use, option) : readPem(input, use, option);
  }
  if (input instanceof Uint8Array) return readSecret(facts, input, use, option);
  if (typeof input === 'object' && input !== null) {
    if (isCryptoKey(input)) return readCryptoKey(facts, input, use, option);
    if (isKeyObject(input)) return readKeyObject(facts, input, use, option);
    if (typeof (input as Jwk).kty === 'string') return readJwk(facts, input as Jwk, use, option);
  }
  throw invalidKey(option, 'give bytes, a PEM block, a JWK, a CryptoKey or a KeyObject');
}
