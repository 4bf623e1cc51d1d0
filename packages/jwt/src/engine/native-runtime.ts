import type { KeyObjectLike } from '../keys/key-input.js';

/** Node's `Buffer`, as far as it is used here. */
export interface NativeBuffer extends Uint8Array<ArrayBuffer> {
  toString(encoding?: 'base64url' | 'utf8'): string;
  /** Gives the number of bytes that were written. */
  write(text: string, offset: number, length: number, encoding: 'latin1' | 'base64url'): number;
  latin1Write(text: string, offset: number, length: number): number;
  subarray(start: number, end: number): NativeBuffer;
}

interface RsaOptions {
  readonly key: KeyObjectLike;
  readonly padding: number;
  readonly saltLength: number;
}

interface EcOptions {
  readonly key: KeyObjectLike;
  readonly dsaEncoding: 'ieee-p1363';
}

/** A key in the form that native `sign` and `verify` take. */
export type NativeKey = KeyObjectLike | RsaOptions | EcOptions;

type Source =
  | { readonly key: string; readonly format: 'pem'; readonly type: 'spki' | 'pkcs8' }
  | { readonly key: object; readonly format: 'jwk' };

/** What is used of `node:crypto`. */
export interface NativeCrypto {
  readonly hash?: (algorithm: string, data: Uint8Array, encoding: 'base64url' | 'latin1') => string;
  createHmac(
    algorithm: string,
    key: Uint8Array,
  ): { update(text: string, encoding: 'latin1'): { digest(encoding: 'base64url'): string } };
  createPublicKey(source: Source): KeyObjectLike;
  createPrivateKey(source: Source): KeyObjectLike;
  readonly KeyObject: { from(key: CryptoKey): KeyObjectLike };
  sign(hash: string | null, data: Uint8Array, key: NativeKey): NativeBuffer;
  verify(hash: string | null, data: Uint8Array, key: NativeKey, signature: Uint8Array): boolean;
}

/** Node's crypto and Buffer, together or not at all. */
export interface NativeRuntime {
  readonly crypto: NativeCrypto;
  readonly Buffer: {
    from(text: string, encoding: 'latin1' | 'base64url' | 'utf8'): NativeBuffer;
    alloc(size: number): NativeBuffer;
  };
}

interface Host {
  readonly process?: { readonly getBuiltinModule?: (name: string) => unknown };
}

// Runtimes that imitate Node have shipped modules whose functions exist and throw, so a known answer is asked for of each.
// The HMAC-SHA256 of the empty message under an empty key.
const knownMac = 'thNnmggU2ex3L5XXeMNfxf8Wl8STcVZTxscSFEKSxa0';
// RFC 6979 section A.2.5: P-256 and SHA-256 of "sample". Workers know KeyObject, and verify with none that has options.
const knownKey = {
  kty: 'EC',
  crv: 'P-256',
  x: 'YP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Y',
  y: 'eQP-EAi4vJmkGunpVii8ZPLxsgwtfp9Rd6PClNRGIpk',
};
const knownSignature = '79SLKqy2qP0RQN2c1F6B1p0sh3tWqvmRw00OqE6vNxb3yxyULWV8QdQ2x6G24p9l8-kA27mv9AZNxKsvhDrNqA';

function answersRight(crypto: NativeCrypto, Buffer: NativeRuntime['Buffer']): boolean {
  if (crypto.createHmac('sha256', new Uint8Array()).update('', 'latin1').digest('base64url') !== knownMac) return false;
  const key = crypto.createPublicKey({ key: knownKey, format: 'jwk' });
  const signature = Buffer.from(knownSignature, 'base64url');
  return crypto.verify('sha256', Buffer.from('sample', 'utf8'), { key, dsaEncoding: 'ieee-p1363' }, signature);
}

function find(): NativeRuntime | undefined {
  try {
    const load = (globalThis as Host).process?.getBuiltinModule;
    const crypto = load?.('node:crypto') as NativeCrypto | undefined;
    const buffer = load?.('node:buffer') as { readonly Buffer?: NativeRuntime['Buffer'] } | undefined;
    if (crypto === undefined || buffer?.Buffer === undefined) return undefined;
    const complete =
      typeof crypto.verify === 'function' &&
      typeof crypto.sign === 'function' &&
      typeof crypto.createPublicKey === 'function' &&
      typeof crypto.createPrivateKey === 'function' &&
      typeof crypto.KeyObject?.from === 'function';
    return complete && answersRight(crypto, buffer.Buffer) ? { crypto, Buffer: buffer.Buffer } : undefined;
  } catch {
    return undefined;
  }
}

/** The runtime's native crypto, found without an import so that every bundler and runtime takes the file. */
export const nativeRuntime: NativeRuntime | undefined = /* @__PURE__ */ find();
