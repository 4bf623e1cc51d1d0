import { CoreError } from '../errors/core-errors.js';
import type { Authentication } from '../guard/authentication.js';
import type { Allowed } from '../guard/guard.js';
import type { Principal } from '../guard/principal.js';
import type { Exchange } from '../guard/request.js';
import type { Requirement } from '../guard/requirement.js';
import type { Vocabulary } from '../policy/policy.js';

/** What an adapter keeps of one request, under a symbol on the framework's own object. @beta */
export interface GuardState<P extends Principal = Principal, V extends Vocabulary = Vocabulary> {
  readonly exchange: Exchange;
  /** What the guard that ran last asked. */
  requirement: Requirement | undefined;
  auth: Authentication<P, V> | undefined;
  resource: unknown;
  /** A guard in front of many routes has let the request pass. */
  covered: boolean;
}

class FreshGuardState<P extends Principal, V extends Vocabulary> implements GuardState<P, V> {
  readonly exchange: Exchange;
  requirement: Requirement | undefined = undefined;
  auth: Authentication<P, V> | undefined = undefined;
  resource: unknown = undefined;
  covered = false;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }
}

/** The state of a request that no guard has seen yet. @beta */
export function createGuardState<P extends Principal, V extends Vocabulary>(exchange: Exchange): GuardState<P, V> {
  return new FreshGuardState(exchange);
}

/** Keeps what the guard allowed. A route that is `open` behind a guard keeps what that one found out. @beta */
export function admit<P extends Principal, V extends Vocabulary>(
  state: GuardState<P, V>,
  requirement: Requirement,
  { auth, resource, headers }: Allowed<P, V, unknown>,
): void {
  state.requirement = requirement;
  if (requirement.kind !== 'open') state.auth = auth;
  state.resource = resource;
  for (const [name, value] of headers) state.exchange.response.append(name, value);
}

function guarded<P extends Principal, V extends Vocabulary>(state: GuardState<P, V> | undefined): GuardState<P, V> {
  if (state?.requirement === undefined)
    throw new CoreError('guard_missing', 'No guard ran on this route. Put one before the handler.');
  return state;
}

/**
 * Who is calling, or `undefined` on an open or optional route.
 * @throws {CoreError} `guard_missing` where no guard ran.
 * @beta
 */
export function optionalAuthOf<P extends Principal, V extends Vocabulary>(
  state: GuardState<P, V> | undefined,
): Authentication<P, V> | undefined {
  return guarded(state).auth;
}

/**
 * Who is calling.
 * @throws {CoreError} `guard_missing` where no guard ran; `credential_missing`, a 401, where an open or optional route
 * has no caller.
 * @beta
 */
export function authOf<P extends Principal, V extends Vocabulary>(
  state: GuardState<P, V> | undefined,
): Authentication<P, V> {
  const auth = optionalAuthOf(state);
  if (auth === undefined) throw new CoreError('credential_missing', 'A credential is required.');
  return auth;
}

/**
 * The resource that was loaded for `permission`.
 * @throws {CoreError} `guard_missing` when the guard that ran asked another permission, or had no loader.
 * @beta
 */
export function resourceOf<P extends Principal, V extends Vocabulary>(
  state: GuardState<P, V> | undefined,
  permission: string,
): unknown {
  const asked = state?.requirement;
  if (asked?.kind !== 'permission' || asked.permission !== permission || state?.resource === undefined)
    throw new CoreError('guard_missing', `No guard of this route has loaded the resource of ${permission}.`);
  return state.resource;
}

/**
 * Both ends of the request.
 * @throws {CoreError} `guard_missing` where no guard ran: on web runtimes nobody would send what is appended.
 * @beta
 */
export function exchangeOf<P extends Principal, V extends Vocabulary>(state: GuardState<P, V> | undefined): Exchange {
  return guarded(state).exchange;
}
