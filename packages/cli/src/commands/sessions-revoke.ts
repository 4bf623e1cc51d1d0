import type { Command } from '../command.js';
import { openSessions } from '../managers.js';
import { count } from '../text.js';

export const sessionsRevoke: Command = {
  name: 'sessions revoke',
  summary: "End all of a user's sessions, or one of them.",
  options: {
    user: { value: 'ID', help: 'whose sessions (required)' },
    session: { value: 'ID', help: 'only this one, if it is theirs' },
  },
  details: 'Sign-ins that are under way are undone. Disable the user first, or they simply sign in again.',
  async run(context) {
    const { given } = context;
    const user = given.required('user');
    const id = given.text('session');
    const sessions = await openSessions(context);
    try {
      const revoked = id === undefined ? await sessions.revokeAll(user) : Number(await sessions.revoke(id, { user }));
      await context.print(`${count(revoked, 'session')} ended.\n`, { revoked });
      return id === undefined || revoked > 0 ? 0 : 1;
    } finally {
      await sessions.close();
    }
  },
};
