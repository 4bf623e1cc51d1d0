import { encodeBase64url, type Environment, random as systemRandom, randomToken, utf8 } from '@portcullis/core';
import { invalidOption } from './errors.js';
import type { JwkSet } from './keys/jwk-set.js';
import { generateKey } from './sign/generate-key.js';
import { publicJwk } from './sign/jwk.js';
import { importOwnKey } from './sign/own-key.js';
import type { IssuerOptions } from './verify/issuer-options.js';

/** What `createTestIssuer` takes. */
export interface TestIssuerOptions extends Pick<Environment, 'clock'> {
  /** Default `https://issuer.test`. */
  readonly issuer?: string;
  /** Default `https://api.test`. */
  readonly audience?: string;
}

/** Makes tokens for tests. */
export interface TestIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly jwks: JwkSet;
  /** For the verifier under test: `createJwtVerifier(testIssuer.verifierOptions)`. */
  readonly verifierOptions: Pick<IssuerOptions, 'issuer' | 'audience' | 'algorithms' | 'jwks'>;
  /**
   * A signed access token. Without claims it is good: `sub` `user-1`, `client_id` `test-client`, 15 minutes. Claims given
   * replace those; `undefined` leaves one out. The header likewise, so that bad tokens can be made: nothing is checked.
   */
  mint(claims?: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): Promise<string>;
}

interface Host {
  readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> };
}

/**
 * An issuer with a throwaway ES256 key. Its tokens are worth something only to a verifier that was given its key.
 * @throws {JwtError} `invalid_option` when NODE_ENV is `production`, where nobody should be able to make up a token.
 */
export async function createTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  if ((globalThis as Host).process?.env?.['NODE_ENV'] === 'production') {
    throw invalidOption(
      'NODE_ENV',
      'it is production, where test tokens have no place; import createTokenIssuer from @portcullis/jwt',
    );
  }
  const { issuer = 'https://issuer.test', audience = 'https://api.test', clock = Date.now } = options;
  const kid = 'test';
  const jwk = await generateKey('ES256', systemRandom);
  const { sign } = await importOwnKey(jwk, kid, 'ES256', 'key');
  const jwks: JwkSet = { keys: [publicJwk(jwk, kid, 'ES256')] };
  const encode = (value: object): string => encodeBase64url(utf8(JSON.stringify(value)));

  return Object.freeze({
    issuer,
    audience,
    jwks,
    verifierOptions: { issuer, audience, algorithms: ['ES256' as const], jwks },
    async mint(claims = {}, header = {}) {
      const iat = Math.floor(clock() / 1000);
      const standard = {
        iss: issuer,
        aud: audience,
        sub: 'user-1',
        client_id: 'test-client',
        iat,
        exp: iat + 900,
        jti: randomToken(16),
        scope: '',
      };
      const input = `${encode({ alg: 'ES256', typ: 'at+jwt', kid, ...header })}.${encode({ ...standard, ...claims })}`;
      return `${input}.${await sign(input)}`;
    },
  } satisfies TestIssuer);
}
