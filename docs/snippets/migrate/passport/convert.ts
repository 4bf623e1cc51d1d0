import type { SessionData } from 'express-session';
import type { OldSession } from '../old-sessions.js';

declare module 'express-session' {
  interface SessionData {
    /** What `serializeUser` made. */
    passport: { user?: { id: number; username: string } };
  }
}

/** As on the page of express-session; the user is where Passport put it. */
export function convert({ cookie, passport }: SessionData): OldSession<Record<string, never>> | undefined {
  if (passport?.user === undefined) return undefined;
  const expiresAt = cookie.expires ? new Date(cookie.expires).getTime() : undefined;
  return { user: String(passport.user.id), signedInAt: 0, expiresAt, remember: expiresAt !== undefined, data: {} };
}
