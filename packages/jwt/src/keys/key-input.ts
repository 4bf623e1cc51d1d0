/** A JSON Web Key, public, private or secret. @see RFC 7517, RFC 7518 section 6, RFC 8037 */
export interface Jwk {
  readonly kty: string;
  readonly kid?: string | undefined;
  readonly use?: string | undefined;
  readonly alg?: string | undefined;
  readonly key_ops?: readonly string[] | undefined;
  readonly crv?: string | undefined;
  readonly x?: string | undefined;
  readonly y?: string | undefined;
  readonly n?: string | undefined;
  readonly e?: string | undefined;
  readonly d?: string | undefined;
  readonly k?: string | undefined;
  readonly [member: string]: unknown;
}

/** What Portcullis reads of Node's `KeyObject`. */
export interface KeyObjectLike {
  readonly type: 'secret' | 'public' | 'private';
  readonly asymmetricKeyType?: string | undefined;
  readonly asymmetricKeyDetails?:
    | { readonly modulusLength?: number; readonly publicExponent?: bigint; readonly namedCurve?: string }
    | undefined;
  export(options: { readonly format: 'jwk' }): object;
}

/**
 * A key as it is given: bytes of a secret; text, which is a PEM block (SPKI or PKCS #8) for a signature algorithm and the
 * UTF-8 of a secret for HMAC; a JWK; a `CryptoKey`; or Node's `KeyObject`.
 */
export type KeyInput = Uint8Array | string | Jwk | CryptoKey | KeyObjectLike;
