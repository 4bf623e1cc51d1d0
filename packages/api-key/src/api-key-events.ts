/** What events say of a key. */
export interface KeyFacts {
  /** Public id. */
  readonly keyId: string;
  readonly owner: string;
  readonly tenant: string | undefined;
  readonly environment: string;
}

/** Why a key was refused. For audit only: the client gets one answer for all of them. */
export type KeyRejection =
  | 'malformed'
  | 'wrong_environment'
  | 'unknown'
  | 'revoked'
  | 'expired'
  | 'grace_expired'
  | 'address_not_allowed';

/**
 * What this package reports. Each event also has `type`, `at` (ms) and `time` (ISO 8601, UTC).
 * No plaintext, no hash of a native key, nothing of a text that could not be parsed.
 */
export interface ApiKeyEvents {
  'api_key.created': KeyFacts & { readonly imported: boolean; readonly expiresAt: number | undefined };
  'api_key.rotated': KeyFacts & { readonly graceExpiresAt: number };
  'api_key.updated': KeyFacts & { readonly changed: readonly string[] };
  'api_key.revoked': KeyFacts & { readonly reason: string };
  /** Every key of an owner was revoked by one call. */
  'api_key.owner_revoked': { readonly owner: string; readonly keys: number; readonly reason: string };
  /**
   * A key was found in public. `ended` is the key (a further event says so), the grace of the one before a rotation, or
   * nothing: it was dead.
   */
  'api_key.leaked': KeyFacts & {
    readonly ended: 'key' | 'grace' | undefined;
    readonly url: string | undefined;
    readonly source: string | undefined;
  };
  'api_key.verified': KeyFacts & { readonly ip: string | undefined };
  /** `keyId` is there when the text had the shape of a key; with `unknown` it is what was claimed. */
  'api_key.rejected': {
    readonly reason: KeyRejection;
    readonly keyId: string | undefined;
    readonly ip: string | undefined;
  };
  'api_key.limited': KeyFacts & { readonly policies: readonly string[]; readonly ip: string | undefined };
  /** The key before the last rotation was used, and accepted: its user has not changed over yet. */
  'api_key.old_key_seen': KeyFacts & { readonly graceExpiresAt: number; readonly ip: string | undefined };
  /** Last-used times or metered units could not be written; they are kept for the next flush. */
  'api_key.flush_failed': { readonly code: string | undefined };
  /**
   * The other processes could not be told of a revocation: their streams stay open, new requests are refused all the
   * same.
   */
  'api_key.signal_failed': { readonly keyId: string };
}

/** The facts that every event about one key has. */
export function keyFacts(record: {
  readonly id: string;
  readonly owner: string;
  readonly tenant?: string | undefined;
  readonly environment: string;
}): KeyFacts {
  return { keyId: record.id, owner: record.owner, tenant: record.tenant, environment: record.environment };
}
