import type { Command } from '../command.js';
import { openApiKeys } from '../managers.js';
import { table, when } from '../text.js';
import { parseDuration, parseTime } from '../times.js';

export const keysRotate: Command = {
  name: 'keys rotate',
  summary: 'Give an API key a new secret under the same id. It is printed once, alone, on stdout.',
  positionals: ['ID'],
  options: {
    grace: {
      value: 'DURATION',
      help: 'how long the key until now is accepted too, as in 24h; 0 for not at all (required)',
    },
    expires: { value: 'WHEN', help: 'a new expiry; default: the one it has' },
    owner: { value: 'ID', help: 'only if the key is theirs' },
    environment: {
      value: 'NAME',
      help: "without apiKeys in the configuration: the key's environment, if it is not live or test",
    },
    brand: { value: 'NAME', help: 'without apiKeys in the configuration: what keys begin with' },
  },
  async run(context) {
    const { given, clock } = context;
    const [id = ''] = given.positionals;
    const graceMs = parseDuration('grace', given.required('grace'));
    const expires = given.text('expires');
    const expiresAt = expires === undefined ? undefined : parseTime('expires', expires, clock());
    const keys = await openApiKeys(context, true);
    try {
      const { key, record } = await keys.rotate(id, { graceMs, expiresAt, owner: given.text('owner') });
      if (!context.json)
        await context.note(
          table([
            ['id', record.id],
            ['owner', record.owner],
            ['old key until', record.graceExpiresAt === undefined ? 'now' : when(record.graceExpiresAt)],
            ['', 'The new key is shown this once:'],
          ]),
        );
      await context.print(`${key.reveal()}\n`, { key: key.reveal(), record });
      return 0;
    } finally {
      await keys.close();
    }
  },
};
