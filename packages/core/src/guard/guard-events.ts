import type { Denial } from './denial.js';
import type { Verdict } from '../policy/policy.js';

/** What events say of a request. */
export interface RequestFacts {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly ip: string | undefined;
}

/** What events say of who is calling. */
export interface CallerFacts extends RequestFacts {
  readonly scheme: string;
  /** Public id of the credential. */
  readonly credentialId: string;
  readonly principalKind: string;
  readonly principalId: string;
  readonly tenant: string | undefined;
  readonly actorId: string | undefined;
}

/** What the guard reports. Each event also has `type`, `at` (ms) and `time` (ISO 8601, UTC). Nothing in it lets anyone in. */
export interface GuardEvents {
  'authentication.succeeded': CallerFacts;
  'authentication.rejected': RequestFacts & {
    readonly scheme: string | undefined;
    readonly code: Denial['code'];
    readonly detail: string | undefined;
  };
  'authentication.unavailable': RequestFacts & { readonly scheme: string | undefined; readonly reason: string };
  'authorization.denied': CallerFacts & {
    readonly permission: string;
    readonly verdict: Verdict;
    readonly code: Denial['code'];
  };
  'authorization.granted': CallerFacts & { readonly permission: string };
  'route.closed': { readonly method: string; readonly path: string };
}
