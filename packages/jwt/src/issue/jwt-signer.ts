import { andThen, encodeBase64url, type MaybePromise, utf8 } from '@portcullis/core';
import { nativeRuntime } from '../engine/native-runtime.js';
import { invalidOption } from '../errors.js';
import type { SigningKey, SigningKeys } from '../sign/signing-keys.js';

/** What `createJwtSigner` takes. */
export interface JwtSignerOptions {
  readonly keys: SigningKeys;
  /** The header's `typ`: what tells one kind of token from another (RFC 8725 section 3.11). */
  readonly typ: string;
}

/** Signs claims as they are. */
export interface JwtSigner {
  /** The token in compact form. Synchronous on Node with keys of this process. */
  sign(claims: Readonly<Record<string, unknown>>): MaybePromise<string>;
}

function encode(text: string): string {
  return nativeRuntime?.Buffer.from(text, 'utf8').toString('base64url') ?? encodeBase64url(utf8(text));
}

/**
 * Signs tokens of one type with the current key of a set. The claims are not checked and nothing is added: no `exp`, no
 * `aud`. It is for tokens of your own kinds; `createTokenIssuer` makes access tokens.
 * @throws {JwtError} `invalid_option`
 * @see RFC 7515 section 7.1
 */
export function createJwtSigner({ keys, typ }: JwtSignerOptions): JwtSigner {
  if (typeof typ !== 'string' || !/^[\w.+/-]{1,100}$/.test(typ))
    throw invalidOption('typ', 'name the kind of token as a media type, as in at+jwt');
  let last: SigningKey | undefined;
  let header = '';

  function signWith(key: SigningKey, claims: Readonly<Record<string, unknown>>): MaybePromise<string> {
    if (last === undefined || last.kid !== key.kid || last.algorithm !== key.algorithm) {
      header = `${encode(JSON.stringify({ alg: key.algorithm, typ, kid: key.kid }))}.`;
      last = key;
    }
    const input = header + encode(JSON.stringify(claims));
    return andThen(key.sign(input), (signature) => `${input}.${signature}`);
  }

  return Object.freeze({
    sign: (claims) => andThen(keys.current(), (key) => signWith(key, claims)),
  } satisfies JwtSigner);
}
