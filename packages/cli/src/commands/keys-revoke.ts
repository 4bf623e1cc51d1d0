import type { Command } from '../command.js';
import { UsageError } from '../failures.js';
import { openApiKeys } from '../managers.js';
import { count, printable, when } from '../text.js';

export const keysRevoke: Command = {
  name: 'keys revoke',
  summary: 'End an API key for good, or all keys of an owner.',
  positionals: ['[ID]'],
  options: {
    reason: { value: 'TEXT', help: 'why, for whoever asks later; no secrets (required)' },
    owner: { value: 'ID', help: 'with an id: only if the key is theirs; without: whose keys' },
    all: { help: 'every key of --owner' },
  },
  details: 'Revoking twice changes nothing. Processes that cache a storage without a bus see it within their ttl.',
  async run(context) {
    const { given } = context;
    const [id] = given.positionals;
    const owner = given.text('owner');
    const reason = given.required('reason');
    if (id !== undefined && given.flag('all')) throw new UsageError('Give an id, or --all with --owner, not both.');
    if (id === undefined && !(given.flag('all') && owner !== undefined))
      throw new UsageError('keys revoke needs the id of a key, or --owner ID --all.');
    const keys = await openApiKeys(context, false);
    try {
      if (id === undefined) {
        const revoked = await keys.revokeAll(owner ?? '', { reason });
        await context.print(`${count(revoked, 'key')} revoked.\n`, { revoked });
      } else {
        const record = await keys.revoke(id, { reason, owner });
        const text = `${record.id} is revoked since ${when(record.revokedAt)}: ${record.revokedReason ?? ''}`;
        await context.print(`${printable(text)}\n`, { record });
      }
      return 0;
    } finally {
      await keys.close();
    }
  },
};
