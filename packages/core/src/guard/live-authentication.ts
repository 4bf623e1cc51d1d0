import type { Authorization, Vocabulary } from '../policy/policy.js';
import type { Authentication } from './authentication.js';
import type { Actor, Credential, Principal } from './principal.js';

/**
 * What a handler gets. A class, because a getter in an object literal makes V8 build a new hidden class for each
 * request: that cost more than all else the guard does, and grew with every request.
 */
export class LiveAuthentication<P extends Principal, V extends Vocabulary> implements Authentication<P, V> {
  readonly roles: Authorization<V>['roles'];
  readonly hasRole: Authorization<V>['hasRole'];
  readonly can: Authorization<V>['can'];
  readonly demand: Authorization<V>['demand'];
  readonly explain: Authorization<V>['explain'];
  readonly pick: Authorization<V>['pick'];
  readonly refuseExtra: Authorization<V>['refuseExtra'];
  readonly principal: P;
  readonly credential: Credential;
  readonly actor: Actor | undefined;
  readonly #makeSignal: () => AbortSignal;
  #signal: AbortSignal | undefined;

  constructor(
    authorization: Authorization<V>,
    who: { readonly principal: P; readonly credential: Credential; readonly actor?: Actor | undefined },
    makeSignal: () => AbortSignal,
  ) {
    this.roles = authorization.roles;
    this.hasRole = authorization.hasRole;
    this.can = authorization.can;
    this.demand = authorization.demand;
    this.explain = authorization.explain;
    this.pick = authorization.pick;
    this.refuseExtra = authorization.refuseExtra;
    this.principal = who.principal;
    this.credential = who.credential;
    this.actor = who.actor;
    this.#makeSignal = makeSignal;
  }

  get signal(): AbortSignal {
    this.#signal ??= this.#makeSignal();
    return this.#signal;
  }
}
