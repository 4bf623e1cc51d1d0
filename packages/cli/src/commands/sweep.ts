import { isPortcullisError } from '@portcullis/core';
import type { Command } from '../command.js';
import { count, table } from '../text.js';

const batch = 1000;

export const sweep: Command = {
  name: 'sweep',
  summary: 'Delete expired records, in batches.',
  options: {},
  details:
    'Expired records are invisible long before: sweeping only frees space. What expires within the running hour stays until it ends.',
  async run(context) {
    const { storage } = await context.open();
    const deleted: Record<string, number> = {};
    for (const shape of await context.collections()) {
      const collection = storage.collection(shape as never);
      let total = 0;
      try {
        for (;;) {
          const gone = await collection.deleteExpired(batch);
          if (gone === 0) break;
          total += gone;
          context.progress(`sweeping ${shape.name}: ${count(total, 'record')}`);
        }
      } catch (error) {
        // Of a package that the application does not use.
        if (isPortcullisError(error, 'storage_not_migrated')) continue;
        throw error;
      }
      deleted[shape.name] = total;
    }
    const rows = Object.entries(deleted).map(([name, total]) => [name, total.toLocaleString('en')]);
    await context.print(table([['COLLECTION', 'DELETED'], ...rows]), { deleted });
    return 0;
  },
};
