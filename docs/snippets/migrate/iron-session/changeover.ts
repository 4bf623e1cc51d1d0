import { fromSeals } from './old-store.js';

// Exactly as it is written: what iron-session reads more laxly (`~2x`) would be another token to us, that nobody has ended.
const seal = /^Fe26\.2\*\d+(?:\*[\w-]+){3}\*\d*(?:\*[\w-]+){2}~2$/;

/** What `createOldSessions` takes of iron-session. */
export const ironSessions = (parts: Parameters<typeof fromSeals>[0]) => ({
  store: fromSeals(parts),
  cookie: {
    name: 'acme-session', // your cookieName
    attributes: { path: '/', httpOnly: true, secure: true, sameSite: 'lax' as const },
  },
  readToken(value: string) {
    const text = value.replaceAll('%2A', '*').replaceAll('%7E', '~');
    return seal.test(text) ? text : undefined;
  },
  until: parts.until,
});
