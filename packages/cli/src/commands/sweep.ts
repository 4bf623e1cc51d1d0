import { isPortcullisError, sweepExpired } from '@portcullis/core';
import type { Command } from '../command.js';
import { UsageError } from '../failures.js';
import { count, table } from '../text.js';

export const sweep: Command = {
  name: 'sweep',
  summary: 'Delete expired records, in short batches with rests between them.',
  options: {
    share: { value: 'PERCENT', help: 'how much of the time it works, 1 to 100; the rest it rests. Default 20' },
  },
  details:
    'Expired records are invisible long before: sweeping only frees space. What expires within the running hour stays until it ends.',
  async run(context) {
    const share = parseShare(context.given.text('share'));
    const { storage } = await context.open();
    const deleted: Record<string, number> = {};
    for (const shape of await context.collections()) {
      const collection = storage.collection(shape as never);
      try {
        deleted[shape.name] = await sweepExpired(collection, {
          share,
          progress: (total) => context.progress(`sweeping ${shape.name}: ${count(total, 'record')}`),
        });
      } catch (error) {
        // Of a package that the application does not use.
        if (!isPortcullisError(error, 'storage_not_migrated')) throw error;
      }
    }
    const rows = Object.entries(deleted).map(([name, total]) => [name, total.toLocaleString('en')]);
    await context.print(table([['COLLECTION', 'DELETED'], ...rows]), { deleted });
    return 0;
  },
};

function parseShare(text: string | undefined): number {
  const percent = text === undefined ? 20 : Number(text);
  if (!Number.isInteger(percent) || percent < 1 || percent > 100)
    throw new UsageError('--share takes a whole number from 1 to 100.');
  return percent / 100;
}
