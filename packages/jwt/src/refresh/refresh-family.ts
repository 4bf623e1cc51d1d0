import type { CollectionDefinition, StoredRecord } from '@portcullis/core';

/** From which generation on a login's tokens are made with which key of the ring. */
export interface RefreshKeySpan {
  readonly from: number;
  readonly key: string;
}

/** One login, as it is stored. Holds no token and nothing that a token can be made of without the server's key. */
export interface RefreshFamilyRecord extends StoredRecord {
  /** 256 random bits in base64url. */
  readonly seed: string;
  /** The generation that may be used; the one before it only within the grace. */
  readonly generation: number;
  /** When `generation` began, absolute milliseconds. */
  readonly rotatedAt: number;
  /** Oldest first. */
  readonly keys: readonly RefreshKeySpan[];
  readonly subject: string;
  readonly clientId: string;
  /** The original grant: a narrower request never shrinks it. */
  readonly scope: readonly string[];
  readonly tenant?: string | undefined;
  /** From then on the login is over, however active it was. Absolute milliseconds. */
  readonly absoluteExpiresAt: number;
  /** What the access tokens of this login say; see RFC 9068 section 2.2.1. Absolute milliseconds. */
  readonly authenticatedAt?: number | undefined;
  readonly acr?: string | undefined;
  readonly amr?: readonly string[] | undefined;
  /** Further claims of the access tokens. JSON. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  /** For the user's list of devices; never used in a decision. */
  readonly label?: string | undefined;
  /** Not-befores of the user up to this instant spare the login: it asked that all others end. */
  readonly sparedUntil?: number | undefined;
}

/** Where logins live. Pass it to the storage's migrations. */
export const refreshFamilyCollection: CollectionDefinition<RefreshFamilyRecord> = Object.freeze({
  name: 'jwt_refresh_families',
  indexes: Object.freeze(['subject'] as const),
});

/** A login as its user may see it in a list. */
export interface RefreshFamily {
  /** Public id: the `sid` claim of its access tokens. Safe to show and to log. */
  readonly id: string;
  readonly subject: string;
  readonly clientId: string;
  readonly scope: readonly string[];
  readonly tenant?: string | undefined;
  readonly label?: string | undefined;
  /** Absolute milliseconds, as all of these. */
  readonly createdAt: number;
  /** The last refresh, or the login. */
  readonly usedAt: number;
  readonly expiresAt: number;
  readonly authenticatedAt?: number | undefined;
}

/** What of a row may be shown. */
export function describeFamily(record: RefreshFamilyRecord): RefreshFamily {
  const { id, subject, clientId, scope, tenant, label, createdAt, rotatedAt, authenticatedAt } = record;
  return Object.freeze({
    id,
    subject,
    clientId,
    scope,
    tenant,
    label,
    createdAt,
    usedAt: rotatedAt,
    expiresAt: record.expiresAt ?? record.absoluteExpiresAt,
    authenticatedAt,
  });
}

/** The id of the key that a generation was made with; `undefined` when the row no longer says. */
export function keyOfGeneration({ keys }: Pick<RefreshFamilyRecord, 'keys'>, generation: number): string | undefined {
  return keys.findLast((span) => span.from <= generation)?.key;
}
