import { unsign } from 'cookie-signature';
import type { SessionData, Store } from 'express-session';
import type { OldSession, OldStore } from '../old-sessions.js';

/** The session id in a value of `connect.sid`. `secrets`: all that `secret` had, the newest first. */
export function readSid(value: string, secrets: readonly string[]): string | undefined {
  const text = value.replaceAll('%3A', ':').replaceAll('%2B', '+').replaceAll('%2F', '/').replaceAll('%3D', '=');
  if (!text.startsWith('s:')) return undefined;
  for (const secret of secrets) {
    const sid = unsign(text.slice(2), secret);
    if (sid !== false) return sid;
  }
  return undefined;
}

/** Any store of express-session, as it is. */
export function fromExpressStore<D>(
  store: Store,
  convert: (session: SessionData) => OldSession<D> | undefined,
): OldStore<D> {
  const get = (sid: string): Promise<SessionData | undefined> =>
    new Promise((resolve, reject) =>
      store.get(sid, (error, session) => (error ? reject(error) : resolve(session ?? undefined))),
    );
  const done = (act: (callback: (error?: unknown) => void) => void): Promise<void> =>
    new Promise((resolve, reject) => act((error) => (error ? reject(error) : resolve())));

  return {
    async find(sid) {
      const session = await get(sid);
      return session && convert(session);
    },
    async end(sid, at) {
      const session = await get(sid);
      if (session === undefined) return;
      if (at <= Date.now()) return done((callback) => store.destroy(sid, callback));
      const { expires } = session.cookie;
      const sooner = new Date(Math.min(at, expires ? new Date(expires).getTime() : Infinity));
      const shortened: SessionData = { ...session, cookie: Object.assign({}, session.cookie, { expires: sooner }) };
      await done((callback) => store.set(sid, shortened, callback));
    },
  };
}
