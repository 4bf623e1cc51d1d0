import type { Environment, EventSink, MaybePromise, Principal } from '@portcullis/core';
import type { Engine } from '../engine/engine.js';
import type { IssuerOptions } from './issuer-options.js';
import type { JwtAuthenticator, JwtAuthenticatorOptions } from './jwt-authenticator.js';
import type { RevocationCheck } from './revocation-check.js';
import type { StandardSchema } from './standard-schema.js';
import type { JsonObject } from './strict-json.js';
import type { TokenPrincipal } from './token-principal.js';
import type { Verification } from './verification.js';
import type { VerifierEvents } from './verifier-events.js';

/** What a `principal` mapping gets: a token that is good. */
export interface PrincipalContext<C> {
  readonly claims: C;
  /** The claims as they are, where a schema has made other ones of them. */
  readonly rawClaims: JsonObject;
  readonly issuer: string;
  /** What the principal would be without the mapping. */
  readonly principal: TokenPrincipal<C>;
}

/** What a verifier takes beside its issuers. Times in milliseconds. */
export interface VerifierSettings<C, P extends Principal> extends Pick<Environment, 'clock' | 'fetch'> {
  /** A Standard Schema for the claims: what it gives is `claims`, and a token it refuses is refused. */
  readonly claims?: StandardSchema<C>;
  /**
   * Makes the principal; default: the standard one. Synchronous: what has to be looked up belongs into the guard's
   * `roles`. A throw is an outage (503).
   */
  readonly principal?: (context: PrincipalContext<C>) => P;
  /** Asked about every token that is good otherwise. Without it a token lives until its `exp`. */
  readonly revocations?: RevocationCheck;
  /**
   * How far our clock and the issuer's may be apart. 0 to 60,000. Without it `nbf` and `iat` may be 5 seconds ahead and
   * `exp` is exact; with it, it counts for all three.
   */
  readonly clockToleranceMs?: number;
  /** Longest token in characters. 256 to 65,536; default 8,192. */
  readonly maxTokenLength?: number;
  /**
   * Remembers verified tokens, so that the next request with one costs a lookup: at most `max` of them (2 to 1,000,000;
   * default 4,096, some 3 kB each), each for at most `ttlMs` (a second to a day; default 5 minutes) and never past its
   * expiry. `false`: each request checks the signature.
   */
  readonly cache?: false | { readonly max?: number; readonly ttlMs?: number };
  /** Hears of the fetching of keys. */
  readonly events?: EventSink<VerifierEvents>;
  /** The cryptography. Default: native where the runtime has it. */
  readonly engine?: Engine;
}

/** What `createJwtVerifier` takes: one issuer's options, or a list of them as `issuers`. */
export type JwtVerifierOptions<C = JsonObject, P extends Principal = TokenPrincipal<C>> = VerifierSettings<C, P> &
  (
    | (IssuerOptions & { readonly issuers?: never })
    | { readonly issuers: readonly IssuerOptions[]; readonly issuer?: never }
  );

/** Verifies JWT access tokens. */
export interface JwtVerifier<C = JsonObject, P extends Principal = TokenPrincipal<C>> {
  /**
   * Verifies one token. It answers at once where nothing has to be waited for: native crypto, keys at hand, a
   * synchronous schema, revocations in memory. It never throws and never rejects.
   */
  verify(token: string): MaybePromise<Verification<C, P>>;
  /** Reads tokens from requests, for a guard. @throws {JwtError} `invalid_option` */
  authenticator(options?: JwtAuthenticatorOptions): JwtAuthenticator<P>;
  /**
   * Resolves once every issuer's keys can be used.
   * @throws {JwtError} `invalid_key`, `keys_unavailable`, as a rejection.
   */
  ready(): Promise<void>;
  /** Stops listening to revocations and key changes. */
  close(): void;
}
