import { andThen, type Credential, type MaybePromise, type Principal, settle, sha256 } from '@portcullis/core';
import { day, durationOption, minute, second } from '../duration.js';
import { defaultEngine } from '../engine/default-engine.js';
import { invalidOption } from '../errors.js';
import { type CheckedClaims, checkClaims } from './check-claims.js';
import { deepFreeze } from './deep-freeze.js';
import { type IssuerOptions, type IssuerRoute, parseIssuer } from './issuer-options.js';
import { createJwtAuthenticator, type JwtAuthenticatorOptions } from './jwt-authenticator.js';
import type { JwtVerifier, JwtVerifierOptions } from './jwt-verifier.js';
import { concerns } from './revocation-check.js';
import type { JsonObject } from './strict-json.js';
import { createStrictReader, type UnverifiedToken } from './strict-reader.js';
import { type TokenFault, tokenFaults } from './token-fault.js';
import { toActor, type TokenPrincipal, toPrincipal } from './token-principal.js';
import type { TokenRejected, TokenUndecided, Verification, Verified } from './verification.js';
import { createVerifiedTokens } from './verified-tokens.js';

const refusals: Readonly<Record<TokenFault, TokenRejected>> = /* @__PURE__ */ (() =>
  Object.fromEntries(
    Object.entries(tokenFaults).map(([fault, detail]) => [
      fault,
      Object.freeze({ outcome: 'rejected', fault, detail }),
    ]),
  ) as Record<TokenFault, TokenRejected>)();

function parseRoutes(
  options: { readonly issuers?: readonly IssuerOptions[]; readonly issuer?: string },
  context: Omit<Parameters<typeof parseIssuer>[1], 'prefix' | 'subjects'>,
): ReadonlyMap<string, IssuerRoute> {
  const { issuers } = options;
  if (issuers !== undefined && !(issuers.length > 0)) throw invalidOption('issuers', 'give at least one');
  if (issuers !== undefined && options.issuer !== undefined)
    throw invalidOption('issuers', 'put every issuer into the list, or give one without it');
  const parsed =
    issuers === undefined
      ? [parseIssuer(options as IssuerOptions, { ...context, prefix: '', subjects: 'local' })]
      : issuers.map((one, index) =>
          parseIssuer(one, { ...context, prefix: `issuers[${index}].`, subjects: 'federated' }),
        );
  const routes = new Map(parsed.map((route) => [route.issuer, route]));
  if (routes.size < parsed.length) throw invalidOption('issuers', 'two have the same issuer; make one of them');
  if (parsed.filter(({ subjects }) => subjects === 'local').length > 1) {
    throw invalidOption(
      'issuers',
      'two are local: a subject of one could pass for a subject of the other; leave one local at most',
    );
  }
  return routes;
}

/**
 * Makes a verifier of JWT access tokens, from one issuer or several.
 *
 * Checked, in this order: the form of the token (the strict reader), the issuer by exact match, the algorithm against that
 * issuer's list, the type (`at+jwt`), the signature with the one key that fits, then audience, times, required claims,
 * the claims schema, and revocation. Nothing in the header chooses a key but `alg` and `kid`, among that issuer's keys.
 *
 * Not checked: a proof of possession (bound tokens are refused), and encrypted tokens are not taken at all.
 * @throws {JwtError} `invalid_option`, `invalid_key`
 * @see RFC 7519, RFC 8725, RFC 9068
 */
export function createJwtVerifier<C = JsonObject, P extends Principal = TokenPrincipal<C>>(
  options: JwtVerifierOptions<C, P>,
): JwtVerifier<C, P> {
  const {
    clock = Date.now,
    engine = defaultEngine,
    events,
    revocations,
    cache: caching,
    claims: schema,
    principal,
  } = options;
  const { maxTokenLength = 8192, clockToleranceMs } = options;
  const fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
  if (!Number.isInteger(maxTokenLength) || maxTokenLength < 256 || maxTokenLength > 65_536) {
    throw invalidOption('maxTokenLength', 'give 256 to 65,536 characters');
  }
  const given = durationOption('clockToleranceMs', clockToleranceMs, { fallback: 5 * second, min: 0, max: minute });
  const tolerance = { expiry: clockToleranceMs === undefined ? 0 : given, future: given };
  const reader = createStrictReader({ maxLength: maxTokenLength });
  const routes = parseRoutes(options, { engine, fetch, clock, events, tolerance });

  const { max = 4096, ttlMs } = caching === false ? {} : (caching ?? {});
  if (!Number.isInteger(max) || max < 2 || max > 1_000_000)
    throw invalidOption('cache.max', 'give 2 to 1,000,000 tokens');
  const ttl = durationOption('cache.ttlMs', ttlMs, { fallback: 5 * minute, min: second, max: day });
  const cache = caching === false ? undefined : createVerifiedTokens<Verified<C, P>>({ max, ttlMs: ttl });

  const endings: (() => void)[] = [];
  if (cache !== undefined) {
    const stop = revocations?.onRevoked?.((revocation) =>
      cache.forget(({ token }) => concerns(revocation, token.facts)),
    );
    if (stop !== undefined) endings.push(stop);
    for (const { keys } of routes.values()) {
      const ended = keys.onRemoved?.(() => cache.clear());
      if (ended !== undefined) endings.push(ended);
    }
  }

  function toCredential(
    { facts, authorizationDetails, authenticatedAt, acr, amr }: CheckedClaims,
    scopes: readonly string[] | undefined,
    token: string,
  ): Credential {
    const { jti, issuedAt, expiresAt } = facts;
    // A token without an id still needs a name in the log, and its own text must not be that.
    const id = jti ?? `sha256:${sha256(token).slice(0, 22)}`;
    return { scheme: 'jwt', id, scopes, authorizationDetails, issuedAt, expiresAt, authenticatedAt, acr, amr };
  }

  function accept(token: string, unverified: UnverifiedToken, route: IssuerRoute): MaybePromise<Verification<C, P>> {
    const { header, newHeader, claims: raw } = unverified;
    if (newHeader !== undefined) reader.trustHeader(newHeader, header);
    const now = clock();
    const checked = checkClaims(route.issuer, raw, route.rules, now);
    if (typeof checked === 'string') return refusals[checked];
    const complete = (claims: C): MaybePromise<Verification<C, P>> => {
      const { issuer, subjects } = route;
      const standard = toPrincipal(checked, raw, { claims, subjects });
      const actor = toActor(raw, issuer, subjects);
      if (standard === undefined || actor === false) return refusals.claim;
      const mapped =
        principal === undefined
          ? (standard as unknown as P)
          : principal({ claims, rawClaims: raw, issuer, principal: standard });
      const { facts } = checked;
      const credential = toCredential(checked, checked.scopes ?? route.scopesWhenAbsent, token);
      const result: Verified<C, P> = {
        outcome: 'verified',
        token: { header, claims, principal: mapped, credential, actor, facts },
      };
      if (cache !== undefined) {
        // The next request with this token gets the same objects: a handler that changed one would change who calls then.
        deepFreeze(claims);
        deepFreeze(mapped);
        deepFreeze(credential);
        if (actor !== undefined) Object.freeze(actor);
        Object.freeze(facts);
        Object.freeze(result.token);
        cache.set(token, Object.freeze(result), { now, expiresAt: facts.expiresAt });
      }
      return unlessRevoked(result);
    };
    if (schema === undefined) return complete(raw as C);
    return andThen(schema['~standard'].validate(raw), (validated) =>
      validated.issues === undefined ? complete(validated.value) : refusals.schema,
    );
  }

  function unlessRevoked(result: Verified<C, P>): MaybePromise<Verification<C, P>> {
    if (revocations === undefined) return result;
    // Anything but a plain false refuses: the check may be of another make, and not typed.
    return andThen(revocations.isRevoked(result.token.facts), (revoked) =>
      revoked === false ? result : refusals.revoked,
    );
  }

  const only = routes.size === 1 ? [...routes.values()][0] : undefined;

  function routeOf(iss: unknown): IssuerRoute | undefined {
    if (only !== undefined) return iss === only.issuer ? only : undefined;
    return typeof iss === 'string' ? routes.get(iss) : undefined;
  }

  function check(token: string): MaybePromise<Verification<C, P>> {
    const unverified = reader.read(token);
    if (typeof unverified === 'string') return refusals[unverified];
    const { header, claims, input, signature } = unverified;
    const route = routeOf(claims.iss);
    if (route === undefined) return refusals.issuer;
    if (!route.algorithms.has(header.alg)) return refusals.algorithm;
    if (header.type !== 'access' && !(header.type === 'untyped' && route.rules.allowUntyped))
      return refusals.token_type;
    return andThen(route.keys.find(header), (found): MaybePromise<Verification<C, P>> => {
      if (found.outcome === 'unknown') return refusals.unknown_key;
      if (found.outcome === 'unavailable') return found;
      return andThen(found.check(input, signature), (good) =>
        good ? accept(token, unverified, route) : refusals.signature,
      );
    });
  }

  const undecided = (cause: unknown): TokenUndecided => ({ outcome: 'unavailable', cause });

  function verify(token: string): MaybePromise<Verification<C, P>> {
    if (typeof token !== 'string') return refusals.malformed;
    const known = cache?.get(token, clock());
    if (known !== undefined && revocations === undefined) return known;
    return settle(() => (known === undefined ? check(token) : unlessRevoked(known)), undecided);
  }

  return Object.freeze({
    verify,
    authenticator: (reading: JwtAuthenticatorOptions = {}) =>
      createJwtAuthenticator<P>({ verify, revocations }, reading),
    async ready() {
      await Promise.all([...routes.values()].map(async ({ keys }) => keys.ready?.()));
    },
    close() {
      for (const end of endings.splice(0)) end();
    },
  } satisfies JwtVerifier<C, P>);
}
