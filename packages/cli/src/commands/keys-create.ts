import type { Command } from '../command.js';
import { openApiKeys } from '../managers.js';
import { table, when } from '../text.js';
import { parseTime } from '../times.js';

export const keysCreate: Command = {
  name: 'keys create',
  summary: 'Make an API key. Its plaintext is printed once, alone, on stdout.',
  options: {
    owner: { value: 'ID', help: 'who the key acts for (required)' },
    tenant: { value: 'ID', help: "the owner's tenant" },
    name: { value: 'TEXT', help: 'what the owner calls it' },
    scope: { value: 'NAME', help: "a scope that it is limited to; default: the application's", multiple: true },
    expires: { value: 'WHEN', help: 'as in 90d, or a date; default: never' },
    allow: { value: 'CIDR', help: 'an address or block that it may be used from', multiple: true },
    environment: { value: 'NAME', help: 'default: the first that the application accepts' },
    brand: { value: 'NAME', help: 'without apiKeys in the configuration: what keys begin with' },
  },
  details: 'KEY=$(portcullis keys create --owner ada) works: everything else goes to stderr.',
  async run(context) {
    const { given, clock } = context;
    const owner = given.required('owner');
    const expires = given.text('expires');
    const expiresAt = expires === undefined ? undefined : parseTime('expires', expires, clock());
    const [scopes, allowedAddresses] = [given.list('scope'), given.list('allow')];
    const keys = await openApiKeys(context, true);
    try {
      const { key, record } = await keys.create({
        owner,
        tenant: given.text('tenant'),
        name: given.text('name'),
        environment: given.text('environment'),
        expiresAt,
        ...(scopes.length > 0 && { scopes }),
        ...(allowedAddresses.length > 0 && { allowedAddresses }),
      });
      if (!context.json)
        await context.note(
          table([
            ['id', record.id],
            ['owner', record.owner],
            ['environment', record.environment],
            ['scopes', record.scopes?.join(' ') ?? "the application's default"],
            ['expires', record.expiresAt === undefined ? 'never' : when(record.expiresAt)],
            ['', 'The key is shown this once:'],
          ]),
        );
      await context.print(`${key.reveal()}\n`, { key: key.reveal(), record });
      return 0;
    } finally {
      await keys.close();
    }
  },
};
