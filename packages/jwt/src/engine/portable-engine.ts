import { encodeBase64url, utf8 } from '@portcullis/core';
import { compactVerify, importJWK, importPKCS8, importSPKI, type JWK } from 'jose';
import { invalidKey } from '../errors.js';
import { isPointOfCurve } from '../keys/ec-point.js';
import { checkKeyFacts, factsOfCryptoKey, type KeyUse } from '../keys/key-facts.js';
import type { KeyInput } from '../keys/key-input.js';
import { type KeySource, readKey } from '../keys/read-key.js';
import { type AlgorithmFacts, algorithmFacts, type JwsAlgorithm } from './algorithms.js';
import type { CheckSignature, Engine, Sign } from './engine.js';

function parse(facts: AlgorithmFacts, source: KeySource, use: KeyUse): Promise<CryptoKey | Uint8Array> {
  const { name, family, bits } = facts;
  switch (source.form) {
    case 'secret': {
      // WebCrypto wants a copy that is not shared memory.
      const bytes = Uint8Array.from(source.bytes);
      return crypto.subtle.importKey('raw', bytes, { name: family, hash: `SHA-${bits}` }, false, [use]);
    }
    case 'crypto-key':
      return Promise.resolve(source.key);
    case 'key-object':
      return importChecked(facts, source.key.export({ format: 'jwk' }) as JWK);
    case 'jwk':
      return importChecked(facts, source.jwk as JWK);
    case 'pem':
      return use === 'verify' ? importSPKI(source.pem, name) : importPKCS8(source.pem, name);
  }
}

/** `importKey` looks at curve and point in most runtimes, not in all. */
async function importChecked({ name, kty, curve }: AlgorithmFacts, jwk: JWK): Promise<CryptoKey | Uint8Array> {
  if (curve !== undefined && jwk.crv !== curve) throw new TypeError('The key is on another curve.');
  if (kty === 'EC' && !isPointOfCurve(jwk)) throw new TypeError('The key is no point of its curve.');
  return importJWK(jwk, name);
}

async function importKey(facts: AlgorithmFacts, source: KeySource, use: KeyUse, option: string): Promise<CryptoKey> {
  let key: CryptoKey;
  try {
    key = (await parse(facts, source, use)) as CryptoKey;
  } catch (cause) {
    throw invalidKey(option, `it cannot be read as a key for ${facts.name}`, cause);
  }
  if (facts.family !== 'HMAC') checkKeyFacts(facts, factsOfCryptoKey(key), use, option);
  return key;
}

function prepare(
  algorithm: JwsAlgorithm,
  input: KeyInput,
  use: KeyUse,
  option: string,
): { facts: AlgorithmFacts; source: KeySource } {
  const facts = algorithmFacts(algorithm);
  if (facts === undefined) throw invalidKey(option, 'its algorithm is not one that is supported');
  return { facts, source: readKey(facts, input, use, option) };
}

function parametersOf({ family, bits }: AlgorithmFacts): AlgorithmIdentifier | RsaPssParams | EcdsaParams {
  switch (family) {
    case 'ECDSA':
      return { name: family, hash: `SHA-${bits}` };
    case 'RSA-PSS':
      return { name: family, saltLength: bits / 8 };
    default:
      return { name: family };
  }
}

/** The engine on WebCrypto, through jose: every runtime, always asynchronous. */
export const portableEngine: Engine = Object.freeze({
  name: 'portable',
  async checker(algorithm: JwsAlgorithm, input: KeyInput, option = 'key'): Promise<CheckSignature> {
    const { facts, source } = prepare(algorithm, input, 'verify', option);
    const key = await importKey(facts, source, 'verify', option);
    const options = { algorithms: [facts.name] };
    return async (text, signature) => {
      try {
        await compactVerify(`${text}.${signature}`, key, options);
        return true;
      } catch {
        // jose throws a TypeError for some tokens that are merely bad.
        return false;
      }
    };
  },
  async signer(algorithm: JwsAlgorithm, input: KeyInput, option = 'key'): Promise<Sign> {
    const { facts, source } = prepare(algorithm, input, 'sign', option);
    const key = await importKey(facts, source, 'sign', option);
    const parameters = parametersOf(facts);
    return async (text) => {
      // Not jose's CompactSign: it writes the header itself, and what is signed here is written by the caller.
      const signature = await crypto.subtle.sign(parameters, key, Uint8Array.from(utf8(text)));
      return encodeBase64url(new Uint8Array(signature));
    };
  },
} satisfies Engine);
