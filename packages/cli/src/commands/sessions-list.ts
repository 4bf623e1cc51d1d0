import type { Command } from '../command.js';
import { openSessions } from '../managers.js';
import { table, when } from '../text.js';
import { parseLimit } from './keys-list.js';

export const sessionsList: Command = {
  name: 'sessions list',
  summary: "List a user's live sessions, newest first.",
  options: {
    user: { value: 'ID', help: 'whose sessions (required)' },
    limit: { value: 'N', help: 'at most so many, 1 to 1000; default 100' },
    cursor: { value: 'TEXT', help: 'where the last page ended' },
  },
  async run(context) {
    const { given } = context;
    const user = given.required('user');
    const limit = parseLimit(given.text('limit'));
    const at = given.text('cursor');
    const sessions = await openSessions(context);
    try {
      const { items, cursor } = await sessions.list(user, { limit, ...(at !== undefined && { cursor: at }) });
      const rows = items.map((session) => [
        session.id,
        Object.values(session.device)
          .filter((part) => typeof part === 'string')
          .join(', ') || '-',
        session.ip ?? '-',
        when(session.createdAt),
        when(session.lastSeenAt),
        when(session.expiresAt),
      ]);
      const head = ['ID', 'DEVICE', 'ADDRESS', 'SIGNED IN', 'LAST SEEN', 'EXPIRES'];
      await context.print(rows.length === 0 ? 'No sessions.\n' : table([head, ...rows]), { items, cursor });
      if (cursor !== undefined && !context.json) await context.note(`There are more: --cursor '${cursor}'\n`);
      return 0;
    } finally {
      await sessions.close();
    }
  },
};
