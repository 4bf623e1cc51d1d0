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

// The HMAC-SHA256 of the empty message under an empty key: runtimes that imitate Node have shipped modules whose functions exist and throw.
const known = 'thNnmggU2ex3L5XXeMNfxf8Wl8STcVZTxscSFEKSxa0';

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
    const right =
      complete && crypto.createHmac('sha256', new Uint8Array()).update('', 'latin1').digest('base64url') === known;
    return right ? { crypto, Buffer: buffer.Buffer } : undefined;
  } catch {
    return undefined;
  }
}

/** The runtime's native crypto, found without an import so that every bundler and runtime takes the file. */
export const nativeRuntime: NativeRuntime | undefined = /* @__PURE__ */ find();
