import { type Exchange, modify, sha256 } from '@portcullis/core';
import { SessionError } from './errors.js';
import { checkData } from './session-data.js';
import { expiryOf, type SessionRecord, type SignInFacts } from './session-record.js';
import { proveOwnPage, type SignInParts } from './sign-in.js';
import { createSecret, formatSessionToken } from './session-token.js';

/** What a renewal changes. */
export interface Renewal<D> {
  readonly why: 'reauthentication' | 'privilege_change';
  /** Re-authentication: what the user proved now. It also begins both timeouts anew. */
  readonly facts?: Omit<SignInFacts, 'authenticatedAt'>;
  readonly data?: (data: D) => D;
  readonly csrfToken?: string | undefined;
}

/**
 * Gives the session a new secret by one compare-and-set. The old one opens it for the grace, for requests under way, and is
 * worth what it was: it sees neither the new facts nor the new data.
 */
export async function renew<D>(
  parts: SignInParts<D>,
  exchange: Exchange,
  { why, facts, data, csrfToken }: Renewal<D>,
): Promise<SessionRecord> {
  const { settings, sessions } = parts;
  const { clock, cookie, events, grace, random, schema, timeouts } = settings;
  const live = await proveOwnPage(parts, exchange, csrfToken);
  if (live?.record.user === undefined) throw new SessionError('session_missing');
  const secret = createSecret(random);
  let rotated = false;
  const stored = await modify(sessions, live.record.id, (current) => {
    if (current === undefined) return undefined;
    const now = clock();
    // A request that lost to another renewal changes what it came for, and leaves the winner's secret alone.
    rotated = live.current && current.secretHash === live.record.secretHash;
    const { secretHash, authenticatedAt, acr, amr } = current;
    const previous = {
      secretHash,
      until: now + grace,
      ...(authenticatedAt !== undefined && { authenticatedAt }),
      ...(acr !== undefined && { acr }),
      ...(amr !== undefined && { amr }),
      ...(data && { data: current.data }),
    };
    const proven = facts && {
      authenticatedAt: now,
      touchedAt: now,
      endsAt: now + timeouts(current.remembered).absoluteTimeout,
      ...(facts.acr !== undefined && { acr: facts.acr }),
      ...(facts.amr !== undefined && { amr: facts.amr }),
    };
    const next: SessionRecord = {
      ...current,
      ...proven,
      ...(rotated && { secretHash: sha256(secret), previous }),
      ...(data && { data: checkData(schema, data(current.data as D)) }),
    };
    return { ...next, expiresAt: expiryOf(next, facts ? now : (next.touchedAt ?? now)) };
  });
  if (stored === undefined) throw new SessionError('session_missing');
  const { record } = stored;
  if (rotated) {
    const value = formatSessionToken({ selector: record.id, secret });
    cookie.write(exchange.response, value, record.remembered ? (record.endsAt - clock()) / 1000 : undefined);
  }
  events.emit('session.renewed', { sessionId: record.id, user: record.user, why });
  return record;
}
