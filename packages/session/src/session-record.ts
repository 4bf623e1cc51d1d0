import type { CollectionDefinition, StoredRecord } from '@portcullis/core';

/** How strongly and when the user last signed in. */
export interface SignInFacts {
  /** Absolute milliseconds. */
  readonly authenticatedAt?: number | undefined;
  readonly acr?: string | undefined;
  readonly amr?: readonly string[] | undefined;
}

/** A session as it is stored. Its id is the selector: public, and worth nothing without the secret. */
export interface SessionRecord extends StoredRecord, SignInFacts {
  /** Absent in an anonymous session. */
  readonly user?: string;
  readonly tenant?: string;
  /** SHA-256 of the secret. */
  readonly secretHash: string;
  /** The secret before the last renewal, until `until`, with what it was worth: it never gains what the renewal brought. */
  readonly previous?: SignInFacts & {
    readonly secretHash: string;
    readonly until: number;
    /** The data before the renewal, where that changed it: a role kept there is not the old secret's. */
    readonly data?: unknown;
  };
  /** Absolute milliseconds from which the session is over, however active. */
  readonly endsAt: number;
  /** Milliseconds without activity after which it is over. */
  readonly idleTimeout: number;
  readonly remembered: boolean;
  readonly userAgent?: string;
  readonly ip?: string;
  readonly data: unknown;
}

export const sessionCollection: CollectionDefinition<SessionRecord> = { name: 'sessions', indexes: ['user'] };

/** From when on a user's sign-ins count; written before all sessions are ended, read after each one is created. */
export interface SessionFence extends StoredRecord {
  readonly notBefore: number;
}

export const fenceCollection: CollectionDefinition<SessionFence> = { name: 'session_fences' };

/** When a session is over if nothing happens after `now`. */
export function expiryOf({ endsAt, idleTimeout }: Pick<SessionRecord, 'endsAt' | 'idleTimeout'>, now: number): number {
  return Math.min(endsAt, now + idleTimeout);
}
