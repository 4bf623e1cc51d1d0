import type { Authorization, Vocabulary } from '../policy/policy.js';
import type { Actor, Credential, Principal } from './principal.js';

/** What a handler sees as `auth`: who is calling, how they proved it, and what they may do. */
export interface Authentication<P extends Principal = Principal, V extends Vocabulary = Vocabulary>
  extends Authorization<V> {
  readonly principal: P;
  readonly credential: Credential;
  readonly actor?: Actor | undefined;
  /** Fires when the credential expires or is revoked, so that a stream can close. Made on first use. */
  readonly signal: AbortSignal;
}
