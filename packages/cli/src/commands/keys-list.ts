import type { ApiKey } from '@portcullis/api-key';
import type { Command } from '../command.js';
import { UsageError } from '../failures.js';
import { openApiKeys } from '../managers.js';
import { table, when } from '../text.js';

function stateOf(key: ApiKey, now: number): string {
  if (key.revokedAt !== undefined) return `revoked: ${key.revokedReason ?? ''}`;
  return key.expiresAt !== undefined && key.expiresAt <= now ? 'expired' : 'live';
}

export const keysList: Command = {
  name: 'keys list',
  summary: "List an owner's or a tenant's API keys, newest first, revoked ones too.",
  options: {
    owner: { value: 'ID', help: 'whose keys' },
    tenant: { value: 'ID', help: "or: a tenant's keys" },
    limit: { value: 'N', help: 'at most so many, 1 to 1000; default 100' },
    cursor: { value: 'TEXT', help: 'where the last page ended' },
  },
  async run(context) {
    const { given } = context;
    const [owner, tenant] = [given.text('owner'), given.text('tenant')];
    if ((owner === undefined) === (tenant === undefined))
      throw new UsageError('keys list needs --owner ID or --tenant ID, and one of them.');
    const limit = parseLimit(given.text('limit'));
    const keys = await openApiKeys(context, false);
    try {
      const of = owner === undefined ? { tenant: tenant ?? '' } : { owner };
      const { items, cursor } = await keys.list({ ...of, limit, cursor: given.text('cursor') });
      const rows = items.map((key) => [
        key.id,
        key.name ?? '-',
        key.owner,
        key.environment,
        key.scopes?.join(' ') ?? '-',
        when(key.createdAt),
        when(key.lastUsedAt),
        when(key.expiresAt),
        stateOf(key, context.clock()),
      ]);
      const head = ['ID', 'NAME', 'OWNER', 'ENVIRONMENT', 'SCOPES', 'CREATED', 'LAST USED', 'EXPIRES', 'STATE'];
      await context.print(rows.length === 0 ? 'No keys.\n' : table([head, ...rows]), { items, cursor });
      if (cursor !== undefined && !context.json) await context.note(`There are more: --cursor '${cursor}'\n`);
      return 0;
    } finally {
      await keys.close();
    }
  },
};

/** A page's size. */
export function parseLimit(text: string | undefined): number {
  const limit = text === undefined ? 100 : Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
    throw new UsageError('--limit takes a whole number from 1 to 1000.');
  return limit;
}
