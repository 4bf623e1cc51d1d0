import type { Clock, EventSink, Fetch } from '@portcullis/core';
import { algorithmFacts, type JwsAlgorithm } from '../engine/algorithms.js';
import type { Engine } from '../engine/engine.js';
import { invalidOption } from '../errors.js';
import { createRemoteKeys, type RemoteKeysOptions } from '../jwks/remote-keys.js';
import { type JwkSet, parseJwkSet, pinJwkSet } from '../keys/jwk-set.js';
import type { Jwk, KeyInput } from '../keys/key-input.js';
import type { KeySource } from '../keys/key-source.js';
import { createPinnedKeys, type PinnedKey } from '../keys/pinned-keys.js';
import type { ClaimRules } from './check-claims.js';
import type { SubjectScope } from './token-principal.js';
import type { VerifierEvents } from './verifier-events.js';

/**
 * One issuer whose tokens are taken. Give its keys in exactly one of `key`, `keys`, `jwks` and `discovery`.
 */
export interface IssuerOptions {
  /** The exact `iss` of its tokens. */
  readonly issuer: string;
  /** Who we are: a token must name at least one of these in its `aud`. */
  readonly audience: string | readonly string[];
  /** The algorithms that are taken. HMAC and signature algorithms cannot be mixed. RS256 is for issuers that have nothing better. */
  readonly algorithms: readonly JwsAlgorithm[];
  /** One key, for one algorithm. */
  readonly key?: KeyInput;
  /** Several keys, each with its algorithm; or a source of keys, which an issuer in the same process is. */
  readonly keys?: readonly PinnedKey[] | KeySource;
  /** The https address of a JWK Set, or such a set itself. */
  readonly jwks?: string | JwkSet;
  /** Finds the JWK Set through the issuer's metadata (OpenID Connect Discovery, then RFC 8414). */
  readonly discovery?: boolean;
  /** Limits of fetching keys, for `jwks` as an address and for `discovery`. */
  readonly remote?: RemoteKeysOptions;
  /**
   * Also takes tokens whose `typ` is absent or plain `JWT`, for issuers that do not follow RFC 9068. Default false. The
   * audience is then what keeps its ID tokens out: make sure that it is not the one your clients log in with.
   */
  readonly allowUntypedTokens?: boolean;
  /** Takes tokens that are bound to a key or certificate (`cnf`) as if they were not, because something in front checks the proof. Default false. */
  readonly dangerouslyIgnoreSenderConstraint?: boolean;
  /** Claims that must be there beside `iss`, `aud`, `exp` and `sub`. Default none. */
  readonly requiredClaims?: readonly string[];
  /** Where the scopes are: the first of these claims that a token has. Default `scope`, `scp`. Auth0's roles put them in `permissions`. */
  readonly scopeClaims?: readonly string[];
  /** The scopes of a token that states none. `unlimited` means no ceiling. Default `[]`: it allows nothing. */
  readonly scopesWhenAbsent?: readonly string[] | 'unlimited';
  /** The claim that holds the principal's tenant; then it must be there. Default: no tenant. */
  readonly tenantClaim?: string;
  /**
   * How a subject becomes a principal's id. Default `local` for a verifier with this one issuer in its options, and
   * `federated` (issuer and subject) in a list of `issuers`. At most one issuer of a verifier may be local.
   */
  readonly subjects?: SubjectScope;
}

/** An issuer's options, checked, with its keys. */
export interface IssuerRoute {
  readonly issuer: string;
  readonly algorithms: ReadonlySet<JwsAlgorithm>;
  readonly keys: KeySource;
  readonly rules: ClaimRules;
  readonly scopesWhenAbsent: readonly string[] | undefined;
  readonly subjects: SubjectScope;
}

/** What the whole verifier brings to each issuer. */
export interface IssuerContext {
  readonly engine: Engine;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly events: EventSink<VerifierEvents> | undefined;
  readonly tolerance: ClaimRules['tolerance'];
  readonly subjects: SubjectScope;
  /** Names the options in errors: `` or `issuers[0].`. */
  readonly prefix: string;
}

function names(option: string, value: readonly string[] | undefined, fallback: readonly string[]): readonly string[] {
  const list = value ?? fallback;
  if (!Array.isArray(list) || !list.every((name) => typeof name === 'string' && name !== '')) {
    throw invalidOption(option, 'give an array of names');
  }
  return [...(list as readonly string[])];
}

function parseAlgorithms(option: string, given: readonly JwsAlgorithm[]): readonly JwsAlgorithm[] {
  if (!Array.isArray(given) || given.length === 0) {
    throw invalidOption(option, "say which algorithms are taken, as in ['EdDSA', 'ES256']");
  }
  const facts = (given as readonly JwsAlgorithm[]).map((name) => {
    const known = typeof name === 'string' ? algorithmFacts(name) : undefined;
    if (known === undefined)
      throw invalidOption(option, 'it holds a name that is none of the supported algorithms; case matters');
    return known;
  });
  const macs = facts.filter(({ kty }) => kty === 'oct').length;
  if (macs > 0 && macs < facts.length) {
    throw invalidOption(
      option,
      'HMAC and signature algorithms are mixed: a public key could then be taken for a secret; choose one kind',
    );
  }
  return facts.map(({ name }) => name);
}

function isSource(keys: readonly PinnedKey[] | KeySource): keys is KeySource {
  return typeof (keys as KeySource).find === 'function' && !Array.isArray(keys);
}

function pinOne(options: IssuerOptions, key: KeyInput, algorithms: readonly JwsAlgorithm[], prefix: string): PinnedKey {
  const stated = (key as Partial<Jwk>).alg;
  const algorithm = algorithms.length === 1 ? algorithms[0] : algorithms.find((name) => name === stated);
  if (algorithm === undefined) {
    throw invalidOption(
      `${prefix}algorithms`,
      'one key has one algorithm; name that one, or give several keys in `keys`',
    );
  }
  return { algorithm, key };
}

function pinAll(
  pinned: readonly PinnedKey[],
  algorithms: readonly JwsAlgorithm[],
  option: string,
): readonly PinnedKey[] {
  if (!Array.isArray(pinned) || pinned.length === 0)
    throw invalidOption(option, 'give at least one key, with its algorithm');
  return (pinned as readonly PinnedKey[]).map(({ algorithm, key, kid }, index) => {
    if (!algorithms.includes(algorithm)) {
      throw invalidOption(`${option}[${index}].algorithm`, 'it is not among `algorithms`');
    }
    if (kid !== undefined && (typeof kid !== 'string' || kid === ''))
      throw invalidOption(`${option}[${index}].kid`, 'give text, or leave it out');
    return { algorithm, key, kid };
  });
}

function parseKeys(options: IssuerOptions, algorithms: readonly JwsAlgorithm[], context: IssuerContext): KeySource {
  const { issuer, key, keys, jwks, discovery = false, remote } = options;
  const { engine, prefix, fetch, clock, events } = context;
  const given = [key, keys, jwks, discovery || undefined].filter((way) => way !== undefined).length;
  if (given !== 1) throw invalidOption(`${prefix}key`, 'give exactly one of key, keys, jwks and discovery');
  const isRemote = discovery || typeof jwks === 'string';
  if (remote !== undefined && !isRemote)
    throw invalidOption(`${prefix}remote`, 'nothing is fetched here; leave it out');
  if (key !== undefined) return createPinnedKeys(engine, `${prefix}key`, [pinOne(options, key, algorithms, prefix)]);
  if (keys !== undefined) {
    if (isSource(keys)) return keys;
    return createPinnedKeys(engine, `${prefix}keys`, pinAll(keys, algorithms, `${prefix}keys`));
  }
  if (algorithms.some((name) => algorithmFacts(name)?.kty === 'oct')) {
    throw invalidOption(`${prefix}algorithms`, 'a key set is public, and an HMAC key is a secret; give it as `key`');
  }
  if (!isRemote) {
    const listed = parseJwkSet(jwks);
    if (listed === undefined)
      throw invalidOption(`${prefix}jwks`, 'give an https URL, or { keys: [...] } with at most 100 keys');
    const usable = pinJwkSet(listed, algorithms);
    if (usable.length === 0) throw invalidOption(`${prefix}jwks`, 'none of its keys verifies with one of `algorithms`');
    return createPinnedKeys(engine, `${prefix}jwks`, usable);
  }
  const url = typeof jwks === 'string' ? jwks : undefined;
  return createRemoteKeys({ issuer, url, algorithms, engine, fetch, clock, events }, remote);
}

/**
 * Checks one issuer's options and readies its keys.
 * @throws {JwtError} `invalid_option`, `invalid_key`
 */
export function parseIssuer(options: IssuerOptions, context: IssuerContext): IssuerRoute {
  const { issuer, audience, scopesWhenAbsent = [], tenantClaim } = options;
  const { prefix, tolerance } = context;
  if (typeof issuer !== 'string' || issuer === '')
    throw invalidOption(`${prefix}issuer`, 'give the exact iss of its tokens');
  const subjects = options.subjects ?? context.subjects;
  if (subjects !== 'local' && subjects !== 'federated')
    throw invalidOption(`${prefix}subjects`, "use 'local' or 'federated'");
  if (subjects === 'federated' && issuer.includes('#')) {
    throw invalidOption(
      `${prefix}issuer`,
      "a # would make ids ambiguous; set subjects to 'local' if this is your own issuer",
    );
  }
  const audiences = new Set(names(`${prefix}audience`, typeof audience === 'string' ? [audience] : audience, []));
  if (audiences.size === 0)
    throw invalidOption(`${prefix}audience`, 'say who we are: tokens for others must be refused');
  if (tenantClaim !== undefined && (typeof tenantClaim !== 'string' || tenantClaim === '')) {
    throw invalidOption(`${prefix}tenantClaim`, "give the claim's name");
  }
  const algorithms = parseAlgorithms(`${prefix}algorithms`, options.algorithms);
  return {
    issuer,
    algorithms: new Set(algorithms),
    keys: parseKeys(options, algorithms, context),
    rules: {
      audiences,
      requiredClaims: names(`${prefix}requiredClaims`, options.requiredClaims, []),
      scopeClaims: names(`${prefix}scopeClaims`, options.scopeClaims, ['scope', 'scp']),
      tenantClaim,
      allowUntyped: options.allowUntypedTokens === true,
      allowSenderConstrained: options.dangerouslyIgnoreSenderConstraint === true,
      tolerance,
    },
    scopesWhenAbsent:
      scopesWhenAbsent === 'unlimited' ? undefined : names(`${prefix}scopesWhenAbsent`, scopesWhenAbsent, []),
    subjects,
  };
}
