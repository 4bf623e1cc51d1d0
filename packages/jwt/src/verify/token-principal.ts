import type { Actor, Principal } from '@portcullis/core';
import type { CheckedClaims } from './check-claims.js';
import type { JsonObject } from './strict-json.js';

/** What a token says of whose it is. */
export interface TokenSubject<C> {
  readonly id: string;
  readonly tenant: string | undefined;
  readonly issuer: string;
  /** The `sub` claim, as it is. */
  readonly subject: string;
  readonly claims: C;
}

/** A person whose token it is. */
export interface TokenUser<C = JsonObject> extends Principal, TokenSubject<C> {
  readonly kind: 'user';
  readonly id: string;
  readonly tenant: string | undefined;
  /** The application that acts for the user. */
  readonly clientId: string | undefined;
}

/** An application that acts for itself (client credentials). */
export interface TokenClient<C = JsonObject> extends Principal, TokenSubject<C> {
  readonly kind: 'client';
  readonly id: string;
  readonly tenant: string | undefined;
  readonly clientId: string;
}

/** Who a token is about, as the verifier maps it unless told otherwise. */
export type TokenPrincipal<C = JsonObject> = TokenUser<C> | TokenClient<C>;

/**
 * How a `sub` becomes a principal's id. `local`: as it is, for the one issuer whose subjects are the ids of your own
 * users. `federated`: a key made of issuer and subject, so that two issuers' subjects never meet.
 */
export type SubjectScope = 'local' | 'federated';

const clientPrefix = 'client:';

/**
 * The id of a federated subject: issuer, `#`, subject. No two pairs share one, because the verifier takes no issuer with a `#`.
 * @see ASVS 5.0 6.8.1
 */
export function federatedId(issuer: string, subject: string): string {
  return `${issuer}#${subject}`;
}

/** Whether the token is an application's own: RFC 9068 gives it the client's id as subject; Auth0 and Entra say it in a claim. */
function isClient(claims: JsonObject, sub: string, clientId: string | undefined): boolean {
  return sub === clientId || claims.gty === 'client-credentials' || claims.idtyp === 'app';
}

/**
 * Maps claims to a principal. A client's id is its client id behind `client:`, and a user whose `sub` begins so is
 * refused: whoever may register a client under a name of their choosing must not become the user of that name.
 * `undefined` for such a subject.
 * @see RFC 9700 section 4.15
 */
export function toPrincipal<C>(
  { facts, tenant }: CheckedClaims,
  raw: JsonObject,
  { claims, subjects }: { readonly claims: C; readonly subjects: SubjectScope },
): TokenPrincipal<C> | undefined {
  const { iss: issuer, sub, clientId } = facts;
  const idOf = (local: string): string => (subjects === 'local' ? local : federatedId(issuer, local));
  if (isClient(raw, sub, clientId)) {
    const client = clientId ?? sub;
    return { kind: 'client', id: idOf(clientPrefix + client), tenant, issuer, subject: sub, clientId: client, claims };
  }
  if (sub.startsWith(clientPrefix)) return undefined;
  return { kind: 'user', id: idOf(sub), tenant, issuer, subject: sub, clientId, claims };
}

/**
 * Who acts for the principal, out of the `act` claim; `undefined` when nobody does, `false` for a form that cannot be read.
 * Only the outermost actor counts: RFC 8693 keeps those inside it for information.
 * @see RFC 8693 section 4.1
 */
export function toActor(claims: JsonObject, issuer: string, subjects: SubjectScope): Actor | undefined | false {
  const { act } = claims;
  if (act === undefined) return undefined;
  if (typeof act !== 'object' || act === null) return false;
  const { sub, iss = issuer, client_id: clientId } = act as Partial<Record<string, unknown>>;
  if (typeof sub !== 'string' || sub === '' || typeof iss !== 'string') return false;
  const local = sub === clientId ? clientPrefix + sub : sub;
  return {
    kind: sub === clientId ? 'client' : 'user',
    id: subjects === 'local' && iss === issuer ? local : federatedId(iss, local),
  };
}
