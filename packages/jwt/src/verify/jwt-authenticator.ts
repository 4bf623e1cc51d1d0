import {
  absent,
  andThen,
  type AuthenticationResult,
  type Authenticator,
  type AuthRequest,
  deny,
  type MaybePromise,
  malformedCredential,
  type Principal,
  settle,
} from '@portcullis/core';
import { invalidOption } from '../errors.js';
import { concerns, type RevocationCheck, type TokenFacts } from './revocation-check.js';
import { createTokenTransport, type TokenTransportOptions } from './token-transport.js';
import type { Verification, VerifiedToken } from './verification.js';

/** What `verifier.authenticator` takes. */
export interface JwtAuthenticatorOptions {
  /** Names the kind of credential. Default `jwt`; give each authenticator of one guard its own. */
  readonly scheme?: string;
  /** Where the token is. Default: `Authorization: Bearer`. */
  readonly from?: TokenTransportOptions;
}

/** Reads a JWT from a request and verifies it. */
export type JwtAuthenticator<P extends Principal> = Authenticator<P>;

interface Source<P extends Principal> {
  verify(token: string): MaybePromise<Verification<unknown, P>>;
  readonly revocations: RevocationCheck | undefined;
}

const malformed: AuthenticationResult<never> = Object.freeze({
  outcome: 'rejected',
  denial: deny('invalid_request', {
    detail: 'The token is not written as it must be, or was sent more than once.',
    challenge: { error: 'invalid_request' },
  }),
});

function isScheme(scheme: unknown): scheme is string {
  return typeof scheme === 'string' && /^[a-z][a-z0-9-]*$/.test(scheme);
}

/** Calls back once when the token is revoked, also when that was before anyone watched: a handler may ask for its signal late. */
function watchToken(revocations: RevocationCheck | undefined, facts: TokenFacts, listener: () => void): () => void {
  if (revocations === undefined) return () => undefined;
  let done = false;
  let stop = (): void => undefined;
  const finish = (): void => {
    done = true;
    stop();
  };
  const revoked = (): void => {
    if (done) return;
    finish();
    listener();
  };
  const ask = (): void => {
    if (done) return;
    // What cannot be told counts as revoked, as it does for the next request.
    const answer = settle<boolean>(
      () => revocations.isRevoked(facts),
      () => true,
    );
    void andThen(answer, (is) => {
      if (is !== false) revoked();
    });
  };
  const unsubscribe = revocations.onRevoked?.((revocation) => {
    if (concerns(revocation, facts)) revoked();
  }, ask);
  if (unsubscribe !== undefined) stop = unsubscribe;
  ask();
  return finish;
}

/**
 * The authenticator over a verifier. A bad token is 401 `invalid_token` and the detail says what kind of thing is wrong;
 * one that is not written as its transport wants, or that came twice, is 400; keys or revocations that cannot be read are 503.
 * @throws {JwtError} `invalid_option`
 */
export function createJwtAuthenticator<P extends Principal>(
  { verify, revocations }: Source<P>,
  { scheme = 'jwt', from = 'authorization' }: JwtAuthenticatorOptions,
): JwtAuthenticator<P> {
  if (!isScheme(scheme)) throw invalidOption('scheme', 'use lower-case letters, digits and -, as in jwt');
  const transport = createTokenTransport(from);

  function admit({ principal, credential, actor, facts }: VerifiedToken<unknown, P>): AuthenticationResult<P> {
    return {
      outcome: 'authenticated',
      principal,
      credential: scheme === credential.scheme ? credential : { ...credential, scheme },
      actor,
      onRevoked: (listener) => watchToken(revocations, facts, listener),
    };
  }

  return Object.freeze({
    scheme,
    transport: transport.kind,
    claims: transport.claims,
    authenticate(request: AuthRequest): MaybePromise<AuthenticationResult<P>> {
      const token = transport.read(request);
      if (token === undefined) return absent;
      if (token === malformedCredential) return malformed;
      if (typeof token === 'object') return { outcome: 'rejected', denial: token };
      return andThen(verify(token), (result): AuthenticationResult<P> => {
        switch (result.outcome) {
          case 'verified':
            return admit(result.token);
          case 'rejected':
            return {
              outcome: 'rejected',
              denial: deny('invalid_token', {
                detail: result.detail,
                challenge: { error: 'invalid_token', error_description: result.detail },
              }),
            };
          case 'unavailable':
            return result;
        }
      });
    },
    challenge: () => transport.challenge,
    description: { places: [transport.place] },
  } satisfies Authenticator<P>);
}
