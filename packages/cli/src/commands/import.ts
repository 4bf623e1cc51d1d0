import { createReadStream, existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { importRecords, type ImportReport } from '@portcullis/transfer';
import type { Command } from '../command.js';
import { CommandError, UsageError } from '../failures.js';
import { count, table } from '../text.js';
import { driftLine } from './migrate.js';

export const importCommand: Command = {
  name: 'import',
  summary: 'Write an export into a storage, then read it back and compare.',
  positionals: ['FILE'],
  options: {
    migrate: { help: 'bring the database to what the export needs first' },
    replace: { help: 'replace records that are there in another state; default: leave them and report' },
  },
  details: `FILE is - for stdin. Import into empty collections. Run the same command again after it was broken off: what is there already stays.
Exits with 1 unless the storage then holds the export's records, each as it was, and no others.`,
  async run(context) {
    const { given } = context;
    const [file = '-'] = given.positionals;
    const path = resolve(context.cwd, file);
    if (file !== '-' && !existsSync(path)) {
      const hint = existsSync(`${path}.partial`)
        ? ' There is a .partial: its export was broken off; run that command again.'
        : '';
      throw new UsageError(`There is no file ${file}.${hint}`);
    }
    const migrating = given.flag('migrate');
    const opened = await context.open({ create: migrating });
    const report = await importRecords(
      opened.storage,
      file === '-' ? context.stdin : createReadStream(path, { highWaterMark: 262_144 }),
      {
        clock: context.clock,
        collections: await context.collections(),
        onConflict: given.flag('replace') ? 'replace' : 'report',
        async prepare() {
          if (migrating) await opened.migrate?.();
          const blocking = ((await opened.drift?.()) ?? []).filter(
            ({ kind }) => kind !== 'evicts' && kind !== 'not_durable',
          );
          if (blocking.length > 0)
            throw new CommandError(
              'storage_not_migrated',
              `${opened.name} is not ready (${blocking.slice(0, 3).map(driftLine).join(', ')}${blocking.length > 3 ? ', …' : ''}). Add --migrate, or apply what \`portcullis migrate\` prints.`,
            );
        },
        onProgress: ({ phase, collection, records }) =>
          context.progress(
            `${phase === 'verify' ? 'verifying' : 'importing'} ${collection}: ${count(records, 'record')}`,
          ),
      },
    );
    await context.print(reportText(report), report);
    return report.verified ? 0 : 1;
  },
};

function reportText({ verified, collections }: ImportReport): string {
  const rows = collections.map((each) => [
    each.name,
    ...[
      each.created,
      each.present,
      each.replaced,
      each.conflicts,
      each.expired,
      each.expected.records,
      each.found.records,
    ].map((number) => number.toLocaleString('en')),
    each.verified ? 'verified' : 'DIFFERENT',
  ]);
  const head = ['COLLECTION', 'CREATED', 'PRESENT', 'REPLACED', 'CONFLICTS', 'EXPIRED', 'EXPECTED', 'FOUND', 'CONTENT'];
  const end = verified
    ? 'Every record is there, as it was exported.\n'
    : 'The storage does not hold exactly the export. Conflicts: records there in another state (--replace). Found more than expected: the collection was not empty, or somebody writes.\n';
  return `${table([head, ...rows])}${end}`;
}
