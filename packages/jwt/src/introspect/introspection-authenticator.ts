import {
  absent,
  andThen,
  type AuthenticationResult,
  type Authenticator,
  type AuthRequest,
  deny,
  encodeBase64url,
  type Fetch,
  malformedCredential,
  type MaybePromise,
  readAuthorization,
  sha256,
  utf8,
} from '@portcullis/core';
import { urlObjection } from '@portcullis/core/fetch';
import { durationOption, minute, second } from '../duration.js';
import { invalidOption } from '../errors.js';
import { createBreaker } from '../jwks/breaker.js';
import { fetchJson } from '../jwks/fetch-json.js';
import { type ClaimRules, checkClaims } from '../verify/check-claims.js';
import { deepFreeze } from '../verify/deep-freeze.js';
import type { JsonObject } from '../verify/strict-json.js';
import { toActor, type TokenPrincipal, toPrincipal } from '../verify/token-principal.js';
import { createVerifiedTokens } from '../verify/verified-tokens.js';
import type { IntrospectionOptions } from './introspection-options.js';

type Result = AuthenticationResult<TokenPrincipal>;

const longestToken = 16_384;
const largestAnswer = 65_536;

function refused(detail: string): Result {
  return {
    outcome: 'rejected',
    denial: deny('invalid_token', { detail, challenge: { error: 'invalid_token', error_description: detail } }),
  };
}

const inactive = refused('The token is unknown, revoked, expired or for another service.');

const malformed: Result = {
  outcome: 'rejected',
  denial: deny('invalid_request', {
    detail: 'The token is not written as it must be, or was sent more than once.',
    challenge: { error: 'invalid_request' },
  }),
};

function countOption(
  option: string,
  value: number | undefined,
  bounds: { readonly fallback: number; readonly min: number; readonly max: number },
): number {
  const count = value ?? bounds.fallback;
  if (!Number.isSafeInteger(count) || count < bounds.min || count > bounds.max) {
    throw invalidOption(option, `give a whole number from ${bounds.min} to ${bounds.max}`);
  }
  return count;
}

function authorizationOf(client: IntrospectionOptions['client']): () => MaybePromise<string> {
  if (typeof client === 'function') return client;
  const { id, secret } = client;
  if (typeof id !== 'string' || id === '' || typeof secret?.reveal !== 'function') {
    throw invalidOption(
      'client',
      'give { id, secret: new Secret(...) }, or a function that gives the Authorization header',
    );
  }
  // RFC 6749 section 2.3.1 encodes both as forms do, so that a colon in the id splits nothing.
  const encode = (text: string): string => new URLSearchParams({ t: text }).toString().slice(2);
  const base64 = (text: string): string => {
    const plain = encodeBase64url(utf8(text)).replaceAll('-', '+').replaceAll('_', '/');
    return plain.padEnd(Math.ceil(plain.length / 4) * 4, '=');
  };
  return () => `Basic ${base64(`${encode(id)}:${encode(secret.reveal())}`)}`;
}

const tokenTypes: ReadonlySet<unknown> = new Set([undefined, 'bearer', 'access_token']);

/**
 * Authenticates opaque tokens, or another server's, by asking the authorization server about each.
 *
 * Only an answer whose `active` is `true` passes, and its `iss`, `aud`, times and form are checked as a JWT's claims are;
 * a token bound to a key (`cnf`) is refused, because no proof of it is checked here. Good answers are remembered by the
 * whole token, for `cacheMs` and never past `exp`: for so long a revocation is not seen. A server that does not answer,
 * answers with anything but 200 and one JSON object, or is overwhelmed, is 503, never 401 and never a pass.
 * @throws {JwtError} `invalid_option`
 * @see RFC 7662
 */
export function createIntrospectionAuthenticator(options: IntrospectionOptions): Authenticator<TokenPrincipal> {
  const {
    endpoint,
    issuer,
    clock = Date.now,
    scheme = 'introspection',
    subjects = 'local',
    scopesWhenAbsent = [],
  } = options;
  const fetch: Fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
  const objection =
    typeof endpoint === 'string'
      ? urlObjection(endpoint, options.dangerouslyAllowPrivateNetwork === true)
      : 'it is missing';
  if (objection !== undefined) throw invalidOption('endpoint', objection);
  if (typeof issuer !== 'string' || issuer === '') throw invalidOption('issuer', "give the authorization server's iss");
  if (!/^[a-z][a-z0-9-]*$/.test(scheme)) throw invalidOption('scheme', 'use lower-case letters, digits and -');
  const audiences = new Set(typeof options.audience === 'string' ? [options.audience] : options.audience);
  if (audiences.size === 0 || audiences.has(''))
    throw invalidOption('audience', 'say who we are: tokens for others must be refused');
  const [ours = ''] = audiences;
  const cacheMs = durationOption('cacheMs', options.cacheMs, { fallback: 30 * second, min: 0, max: 5 * minute });
  const timeoutMs = durationOption('timeoutMs', options.timeoutMs, { fallback: 5 * second, min: 100, max: minute });
  const maxPending = countOption('maxPending', options.maxPending, { fallback: 100, min: 1, max: 10_000 });
  const authorization = authorizationOf(options.client);
  const good = createVerifiedTokens<Result>({
    max: countOption('maxCached', options.maxCached, { fallback: 4096, min: 2, max: 1_000_000 }),
    ttlMs: cacheMs,
  });
  const rules: ClaimRules = {
    audiences,
    requiredClaims: [],
    scopeClaims: ['scope'],
    tenantClaim: options.tenantClaim,
    allowUntyped: true,
    allowSenderConstrained: false,
    tolerance: { expiry: 0, future: 5 * second },
  };
  const pending = new Map<string, Promise<Result>>();
  const breaker = createBreaker();

  function judge(token: string, answer: JsonObject, now: number): Result {
    if (answer['active'] !== true) return inactive;
    if (answer['iss'] !== undefined && answer['iss'] !== issuer) return inactive;
    const { token_type: type, username: _username, ...stated } = answer;
    if (!tokenTypes.has(typeof type === 'string' ? type.toLowerCase() : type)) return inactive;
    const claims: JsonObject = {
      ...stated,
      // RFC 7662 makes these optional. Without an expiry, the answer is good for as long as it may be remembered.
      exp: stated['exp'] ?? Math.ceil((now + Math.max(cacheMs, second)) / 1000),
      ...(stated['aud'] === undefined && options.audienceCheckedByServer === true && { aud: ours }),
    };
    const checked = checkClaims(issuer, claims, rules, now);
    if (typeof checked === 'string') return inactive;
    const principal = toPrincipal(checked, claims, { claims: stated, subjects });
    const actor = toActor(claims, issuer, subjects);
    if (principal === undefined || actor === false) return inactive;
    const { facts, scopes, authorizationDetails, authenticatedAt, acr, amr } = checked;
    const result: Result = {
      outcome: 'authenticated',
      principal,
      actor,
      credential: {
        scheme,
        id: facts.jti ?? `sha256:${sha256(token).slice(0, 22)}`,
        scopes: scopes ?? (scopesWhenAbsent === 'unlimited' ? undefined : scopesWhenAbsent),
        authorizationDetails,
        issuedAt: facts.issuedAt,
        expiresAt: facts.expiresAt,
        authenticatedAt,
        acr,
        amr,
      },
    };
    deepFreeze(result);
    if (cacheMs > 0) good.set(token, result, { now, expiresAt: facts.expiresAt });
    return result;
  }

  async function ask(token: string): Promise<Result> {
    // From before the question: what the server says may be as old as that.
    const asked = clock();
    try {
      const { status, document, retryAfterMs } = await fetchJson(endpoint, {
        fetch,
        clock,
        timeoutMs,
        maxBytes: largestAnswer,
        send: {
          method: 'POST',
          headers: {
            authorization: await authorization(),
            'content-type': 'application/x-www-form-urlencoded',
            accept: 'application/json',
          },
          body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
        },
      });
      if (document === undefined) {
        // Any other refusal may be of this token alone, and must not lock out everybody else.
        if (status >= 500 || [401, 403, 404, 429].includes(status)) breaker.failed(clock(), retryAfterMs);
        return undecided(new Error(`The introspection endpoint answered with ${status}.`));
      }
      breaker.succeeded();
      return judge(token, document, asked);
    } catch (cause) {
      breaker.failed(clock());
      return undecided(cause);
    }
  }

  function undecided(cause: unknown): Result {
    return {
      outcome: 'unavailable',
      cause,
      retryAfterSeconds: Math.max(1, Math.ceil((breaker.openUntil - clock()) / 1000)),
    };
  }

  function introspect(token: string): MaybePromise<Result> {
    const now = clock();
    const known = good.get(token, now) ?? pending.get(token);
    if (known !== undefined) return known;
    if (now < breaker.openUntil) return undecided(new Error('The introspection endpoint failed a moment ago.'));
    if (pending.size >= maxPending)
      return undecided(new Error('Too many questions to the introspection endpoint are under way.'));
    const answer = ask(token).finally(() => pending.delete(token));
    pending.set(token, answer);
    return answer;
  }

  function tokenOf(request: AuthRequest): string | undefined | typeof malformedCredential {
    return readAuthorization(request, 'Bearer');
  }

  return Object.freeze({
    scheme,
    transport: 'explicit',
    claims(request) {
      const token = tokenOf(request);
      return token !== undefined && (token === malformedCredential || (options.recognises?.(token) ?? true));
    },
    authenticate(request) {
      const token = tokenOf(request);
      if (token === undefined) return absent;
      if (token === malformedCredential) return malformed;
      if (token.length > longestToken) return refused('The token is longer than this server takes.');
      return andThen(introspect(token), (result) => result);
    },
    challenge: () => ({ scheme: 'Bearer', params: {} }),
  } satisfies Authenticator<TokenPrincipal>);
}
