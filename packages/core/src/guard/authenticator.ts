import type { MaybePromise } from '../runtime/maybe-promise.js';
import type { Challenge } from './challenge.js';
import type { Denial } from './denial.js';
import type { Actor, Credential, Principal } from './principal.js';
import type { AuthRequest, HeaderField } from './request.js';

/** No credential of this kind was sent. */
export interface Absent {
  readonly outcome: 'absent';
}

/** The credential is good. */
export interface Authenticated<P extends Principal = Principal> {
  readonly outcome: 'authenticated';
  readonly principal: P;
  readonly credential: Credential;
  readonly actor?: Actor | undefined;
  /** Roles that were read with the credential (a session's row): the guard then does not ask `roles`. */
  readonly roles?: readonly string[] | undefined;
  /** Header fields for the response, whatever the handler answers. */
  readonly headers?: readonly HeaderField[] | undefined;
  /** Calls back once when the credential is revoked; returns the function that stops listening. Feeds `auth.signal`. */
  readonly onRevoked?: ((listener: () => void) => () => void) | undefined;
}

/** The credential is bad: no later authenticator is asked. */
export interface Rejected {
  readonly outcome: 'rejected';
  readonly denial: Denial;
}

/** Nobody can tell: a storage or key server is down. 503, never 401 and never a pass. */
export interface Unavailable {
  readonly outcome: 'unavailable';
  /** For the event and the debugger; never sent to the client. */
  readonly cause?: unknown;
  readonly retryAfterSeconds?: number | undefined;
}

export type AuthenticationResult<P extends Principal = Principal> = Absent | Authenticated<P> | Rejected | Unavailable;

/** `{ outcome: 'absent' }`, once. */
export const absent: Absent = /* @__PURE__ */ Object.freeze({ outcome: 'absent' });

/** Where a credential may stand in a request. */
export type CredentialPlace =
  /** `Authorization`, with this HTTP authentication scheme. `format` is a word for people: `JWT`. */
  | { readonly in: 'authorization'; readonly scheme: string; readonly format?: string | undefined }
  | { readonly in: 'header' | 'cookie'; readonly name: string };

/** A kind of credential as the description of an API tells of it. */
export interface CredentialDescription {
  /** Each is enough. */
  readonly places: readonly CredentialPlace[];
  /** Statuses of refusals that no credential is spared, beside 400, 401 and 503: 429 where it has a quota. Default none. */
  readonly statuses?: readonly number[] | undefined;
}

/** Reads and checks credentials of one kind. */
export interface Authenticator<P extends Principal = Principal> {
  /** Names the kind in events, in `credential.scheme` and in a route's `schemes`: `api-key`, `jwt`, `session`. */
  readonly scheme: string;
  /** Explicit: the client put it there for this request. Ambient: the browser sends it by itself, so CSRF applies. */
  readonly transport: 'explicit' | 'ambient';
  /** Whether a credential of this kind is there. Cheap, synchronous, no verdict. */
  claims(request: AuthRequest): boolean;
  /** Asked only after `claims`. A throw or a rejection counts as `unavailable`. */
  authenticate(request: AuthRequest): MaybePromise<AuthenticationResult<P>>;
  /** How to ask for this kind; `undefined` for a kind that no client can be asked for. */
  challenge(): Challenge | undefined;
  /** For descriptions of the API. Default: the one place that `challenge` names. */
  readonly description?: CredentialDescription | undefined;
}

/** The union of what a list of authenticators can answer. */
export type PrincipalOf<A extends readonly Authenticator[]> = A[number] extends Authenticator<infer P> ? P : never;
