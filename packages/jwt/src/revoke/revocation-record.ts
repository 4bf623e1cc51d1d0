import { type CollectionDefinition, sha256, type StoredRecord } from '@portcullis/core';

/** One revocation, as it is stored until nothing it concerns can be alive. */
export interface RevocationRecord extends StoredRecord {
  readonly kind: 'token' | 'user' | 'family';
  /** Of a user: tokens issued up to this instant are dead. Absolute milliseconds. */
  readonly notBefore?: number | undefined;
  /** Of a user: when that was said. `notBefore` may be some milliseconds later, because it grows with every call. */
  readonly revokedAt?: number | undefined;
}

/** Where revocations live. Pass it to the storage's migrations. */
export const revocationCollection: CollectionDefinition<RevocationRecord> = Object.freeze({ name: 'jwt_revocations' });

/**
 * The id of a revocation. Hashed, because an issuer and a subject together may be longer than an id can be; the JSON
 * array keeps (iss, name) pairs apart.
 */
export function revocationId(kind: RevocationRecord['kind'], iss: string, name: string): string {
  return `${kind}.${sha256(JSON.stringify([iss, name]))}`;
}
