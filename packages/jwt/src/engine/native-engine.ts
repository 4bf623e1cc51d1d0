import { timingSafeEqual } from '@portcullis/core';
import { checkKeyFacts, factsOfKeyObject, type KeyUse } from '../keys/key-facts.js';
import type { KeyInput, KeyObjectLike } from '../keys/key-input.js';
import { type KeySource, readKey } from '../keys/read-key.js';
import { invalidKey } from '../errors.js';
import { type AlgorithmFacts, algorithmFacts, type JwsAlgorithm } from './algorithms.js';
import type { CheckSignature, Engine, Sign } from './engine.js';

import { nativeMac } from './native-hmac.js';
import { type NativeKey, type NativeRuntime, nativeRuntime } from './native-runtime.js';
import { createScratch } from './native-scratch.js';

const pssPadding = 6;
const saltLengthOfDigest = -1;

function parse({ crypto }: NativeRuntime, source: Exclude<KeySource, { form: 'secret' }>, use: KeyUse): KeyObjectLike {
  switch (source.form) {
    case 'key-object':
      return source.key;
    case 'crypto-key':
      return crypto.KeyObject.from(source.key);
    case 'jwk':
      return use === 'verify'
        ? crypto.createPublicKey({ key: source.jwk, format: 'jwk' })
        : crypto.createPrivateKey({ key: source.jwk, format: 'jwk' });
    case 'pem':
      return use === 'verify'
        ? crypto.createPublicKey({ key: source.pem, format: 'pem', type: 'spki' })
        : crypto.createPrivateKey({ key: source.pem, format: 'pem', type: 'pkcs8' });
  }
}

function importPair(
  runtime: NativeRuntime,
  facts: AlgorithmFacts,
  input: KeyInput,
  use: KeyUse,
  option: string,
): NativeKey {
  const source = readKey(facts, input, use, option);
  if (source.form === 'secret') throw invalidKey(option, 'a secret fits HMAC algorithms only');
  let key: KeyObjectLike;
  try {
    key = parse(runtime, source, use);
  } catch (cause) {
    throw invalidKey(option, `it cannot be read as a key for ${facts.name}`, cause);
  }
  checkKeyFacts(facts, factsOfKeyObject(key), use, option);
  switch (facts.family) {
    case 'ECDSA':
      return { key, dsaEncoding: 'ieee-p1363' };
    case 'RSA-PSS':
      return { key, padding: pssPadding, saltLength: saltLengthOfDigest };
    default:
      return key;
  }
}

function importMac(
  runtime: NativeRuntime,
  facts: AlgorithmFacts,
  input: KeyInput,
  use: KeyUse,
  option: string,
): (ascii: string) => string {
  const source = readKey(facts, input, use, option);
  if (source.form === 'secret') return nativeMac(runtime, facts, source.bytes);
  if (source.form !== 'crypto-key') throw invalidKey(option, 'an HMAC algorithm takes a secret, never a public key');
  // A CryptoKey may be marked as not extractable: that binds scripts, and its bytes stay in this closure.
  const { k } = runtime.crypto.KeyObject.from(source.key).export({ format: 'jwk' }) as { readonly k: string };
  const secret = runtime.Buffer.from(k, 'base64url');
  checkKeyFacts(facts, { type: 'secret', kty: 'oct', bytes: secret.length }, use, option);
  return nativeMac(runtime, facts, secret);
}

/** The engine on a given native runtime. */
export function createNativeEngine(runtime: NativeRuntime): Engine {
  const { crypto } = runtime;
  const inputBytes = createScratch(runtime, 'latin1');
  const signatureBytes = createScratch(runtime, 'base64url');
  const hashOf = ({ family, bits }: AlgorithmFacts): string | null => (family === 'Ed25519' ? null : `sha${bits}`);
  return Object.freeze({
    name: 'native',
    checker(algorithm: JwsAlgorithm, input: KeyInput, option = 'key'): CheckSignature {
      const facts = algorithmFacts(algorithm);
      if (facts === undefined) throw invalidKey(option, 'its algorithm is not one that is supported');
      if (facts.family === 'HMAC') {
        const mac = importMac(runtime, facts, input, 'verify', option);
        return (text, signature) => timingSafeEqual(mac(text), signature);
      }
      const key = importPair(runtime, facts, input, 'verify', option);
      const hash = hashOf(facts);
      const { signatureLength } = facts;
      return (text, signature) => {
        if (signatureLength !== undefined && signature.length !== signatureLength) return false;
        try {
          return crypto.verify(hash, inputBytes(text), key, signatureBytes(signature));
        } catch {
          // OpenSSL throws for some signatures that are no numbers of the group: that is a bad signature, not a fault of ours.
          return false;
        }
      };
    },
    signer(algorithm: JwsAlgorithm, input: KeyInput, option = 'key'): Sign {
      const facts = algorithmFacts(algorithm);
      if (facts === undefined) throw invalidKey(option, 'its algorithm is not one that is supported');
      if (facts.family === 'HMAC') return importMac(runtime, facts, input, 'sign', option);
      const key = importPair(runtime, facts, input, 'sign', option);
      const hash = hashOf(facts);
      return (text) => crypto.sign(hash, inputBytes(text), key).toString('base64url');
    },
  } satisfies Engine);
}

/** The engine on `node:crypto`, where the runtime has it: every answer is synchronous. */
export const nativeEngine: Engine | undefined = nativeRuntime && createNativeEngine(nativeRuntime);
