/** Who and which session: `sessionId` is the public id, which opens nothing. */
export interface SessionFacts {
  readonly sessionId: string;
  readonly user: string | undefined;
}

/** What sessions report. Each event also has `type`, `at` (ms) and `time` (ISO 8601, UTC). */
export interface SessionEvents {
  'session.started': SessionFacts & { readonly ip: string | undefined };
  'session.renewed': SessionFacts & { readonly why: 'reauthentication' | 'privilege_change' };
  'session.ended': SessionFacts & { readonly why: 'sign_out' | 'revoked' | 'replaced' | 'limit' };
  'session.all_ended': { readonly user: string; readonly count: number };
  /** A cookie named a live session with a secret that is not its own: a guess, or a cookie from before a renewal. */
  'session.secret_mismatch': SessionFacts & { readonly ip: string | undefined };
  /** Two cookies of the session's name were sent; nobody can tell which is ours. */
  'session.duplicate_cookie': { readonly ip: string | undefined };
  'session.csrf_rejected': SessionFacts & { readonly method: string };
  /** Activity could not be written; the idle timeout may come early. */
  'session.touch_failed': { readonly reason: string };
  /** The other processes could not be told; their open streams close later. */
  'session.end_not_published': { readonly sessionId: string };
}
