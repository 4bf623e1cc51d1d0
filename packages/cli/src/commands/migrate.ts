import type { Command, CommandContext } from '../command.js';
import { CommandError } from '../failures.js';
import type { FoundDrift, OpenedStorage } from '../opened-storage.js';
import { printable } from '../text.js';

/** Makes the collections known to the storage, and says what differs in the database. */
export async function findDrift(context: CommandContext, opened: OpenedStorage): Promise<readonly FoundDrift[]> {
  if (opened.drift === undefined)
    throw new CommandError(
      'storage_unsupported',
      'This storage has nothing to migrate or check. Give the adapter itself, not cached() over it.',
    );
  for (const shape of await context.collections()) opened.storage.collection(shape as never);
  return opened.drift();
}

/** What differs, in a line. */
export function driftLine({ kind, table, name }: FoundDrift): string {
  return printable(`${kind} ${table === undefined || table === name ? name : `${table}.${name}`}`);
}

export const migrate: Command = {
  name: 'migrate',
  summary: 'Print what the database lacks, or bring it there.',
  options: {
    apply: { help: 'do it, instead of printing it' },
    all: { help: 'print the statements for an empty database, whatever is there' },
  },
  details:
    'Prints SQL that can be kept among your own migrations. On Redis there is no SQL: migrate builds the indexes.',
  async run(context) {
    const { given } = context;
    const apply = given.flag('apply');
    const opened = await context.open({ create: apply });
    const drift = await findDrift(context, opened);
    if (given.flag('all')) {
      const statements = opened.migrations?.() ?? [];
      await context.print(statements.map((sql) => `${sql};\n`).join(''), { statements });
      return 0;
    }
    const pending = drift.map((each) => ({ ...each, mend: each.mend ?? [] }));
    if (apply) {
      await opened.migrate?.();
      const left = (await opened.drift?.()) ?? [];
      const text = [
        drift.length === left.length ? 'Nothing to do.' : `Done: ${drift.length - left.length} of ${drift.length}.`,
        ...left.map((each) => `Not mended, since it is a setting of the server or would move data: ${driftLine(each)}`),
      ];
      await context.print(text.map((line) => `${line}\n`).join(''), { applied: drift.length - left.length, left });
      return left.length === 0 ? 0 : 1;
    }
    const statements = pending.flatMap(({ mend }) => mend);
    const text = pending.map((each) =>
      each.mend.length > 0 ? each.mend.map((sql) => `${sql};\n`).join('') : `-- ${driftLine(each)}\n`,
    );
    await context.print(text.join('') || '-- Nothing to do.\n', { pending, statements });
    return 0;
  },
};
