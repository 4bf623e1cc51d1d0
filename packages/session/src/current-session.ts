import {
  andThen,
  type AuthRequest,
  type Background,
  type Collection,
  type MaybePromise,
  sha256,
  timingSafeEqual,
  type TouchBuffer,
  type Version,
} from '@portcullis/core';
import { duplicateCookie } from '@portcullis/core/cookies';
import { expiryOf, type SessionRecord, type SignInFacts } from './session-record.js';
import type { SessionSettings } from './session-settings.js';
import { parseSessionToken } from './session-token.js';

/** A session whose secret was presented and is right. */
export interface LiveSession {
  readonly record: SessionRecord;
  readonly version: Version;
  /** What the presented secret is worth. The record's data, too, is what it was for that secret. */
  readonly facts: SignInFacts;
  /** Whether it is the current secret, and not the one before a renewal in its grace. */
  readonly current: boolean;
}

// Twice the interval of the background writes, for a slow one.
const soonMs = 10_000;

export interface CurrentSessionParts<D> {
  readonly settings: SessionSettings<D>;
  readonly sessions: Collection<SessionRecord>;
  readonly touches: TouchBuffer;
  readonly background: Background;
  readonly touchFailed: (error: unknown) => void;
}

/**
 * Makes the reader of a request's session: cookie, one lookup by selector, one hash, a constant-time compare.
 * A cookie that is junk, unknown, expired or sent twice is no session: never adopted, never an error.
 */
export function createCurrentSession<D>({
  settings,
  sessions,
  touches,
  background,
  touchFailed,
}: CurrentSessionParts<D>): (request: AuthRequest) => MaybePromise<LiveSession | undefined> {
  const { clock, cookie, events, touchInterval } = settings;

  function noteActivity(record: SessionRecord, now: number): void {
    const { id, touchedAt, createdAt, idleTimeout } = record;
    if (now - (touchedAt ?? createdAt) < touchInterval(idleTimeout)) return;
    if (!touches.note({ id, touchedAt: now, expiresAt: expiryOf(record, now) })) return;
    // Written only after the idle timeout it would come too late: touch revives nothing.
    if ((record.expiresAt ?? record.endsAt) - now > soonMs) background.schedule();
    else background.flush().catch(touchFailed);
  }

  return (request) => {
    const value = cookie.read(request);
    if (value === undefined) return undefined;
    if (value === duplicateCookie) {
      events.emit('session.duplicate_cookie', { ip: request.ip });
      return undefined;
    }
    const token = parseSessionToken(value);
    if (token === undefined) return undefined;
    return andThen(sessions.get(token.selector), (stored): LiveSession | undefined => {
      if (stored === undefined) return undefined;
      const { record, version } = stored;
      const now = clock();
      if (now >= record.endsAt) return undefined;
      const hash = sha256(token.secret);
      if (timingSafeEqual(hash, record.secretHash)) {
        noteActivity(record, now);
        return { record, version, facts: record, current: true };
      }
      const { previous } = record;
      if (previous !== undefined && now < previous.until && timingSafeEqual(hash, previous.secretHash)) {
        const { data = record.data } = previous;
        return { record: { ...record, data }, version, facts: previous, current: false };
      }
      events.emit('session.secret_mismatch', { sessionId: record.id, user: record.user, ip: request.ip });
      return undefined;
    });
  };
}
