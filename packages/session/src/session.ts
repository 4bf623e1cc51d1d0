import { type Device, deviceOf } from './device.js';
import type { SessionRecord, SignInFacts } from './session-record.js';

/** A session for a list: nothing in it opens it. */
export interface SessionInfo {
  /** Public: the same as `auth.credential.id`. */
  readonly id: string;
  readonly user: string | undefined;
  readonly tenant: string | undefined;
  readonly createdAt: number;
  /** Last activity, exact to `touchInterval`. */
  readonly lastSeenAt: number;
  /** When it is over if nothing happens. */
  readonly expiresAt: number;
  /** When it is over, however active. */
  readonly endsAt: number;
  readonly remembered: boolean;
  readonly authenticatedAt: number | undefined;
  readonly acr: string | undefined;
  readonly amr: readonly string[] | undefined;
  readonly device: Device;
  readonly ip: string | undefined;
}

/** The session of a request, with its data. */
export interface Session<D> extends SessionInfo {
  readonly data: D;
}

/** A session as a list shows it. */
export function sessionInfo(record: SessionRecord): SessionInfo {
  const { data: _data, ...info } = sessionOf(record);
  return info;
}

/**
 * A session as its request sees it. In one literal, and no spread: it is made for every request, and a spread of so many costs more than the hash.
 *
 * @param facts what this request's secret is worth; a secret in its grace is worth what it was
 */
export function sessionOf<D>(record: SessionRecord, facts: SignInFacts = record): Session<D> {
  const { id, user, tenant, createdAt, touchedAt, expiresAt, endsAt, remembered, userAgent, ip } = record;
  return {
    id,
    user,
    tenant,
    createdAt,
    lastSeenAt: touchedAt ?? createdAt,
    expiresAt: expiresAt ?? endsAt,
    endsAt,
    remembered,
    authenticatedAt: facts.authenticatedAt,
    acr: facts.acr,
    amr: facts.amr,
    device: deviceOf(userAgent),
    ip,
    data: record.data as D,
  };
}
