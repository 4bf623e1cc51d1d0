import { existsSync, createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isPortcullisError, type Storage } from '@portcullis/core';
import type { CollectionShape } from '@portcullis/core/storage';
import { exportRecords, type ExportTotals, type PartialExport, readExport } from '@portcullis/transfer';
import type { Command, CommandContext } from '../command.js';
import { CommandError, UsageError } from '../failures.js';
import type { OpenedStorage } from '../opened-storage.js';
import { nearMiss } from '../parse-arguments.js';
import { count, table } from '../text.js';

export const exportCommand: Command = {
  name: 'export',
  summary: 'Write everything that a storage holds as JSON lines.',
  options: {
    out: { value: 'FILE', help: 'where to, readable by its owner only; default: stdout' },
    collection: { value: 'NAME', help: 'only this collection', multiple: true },
    restart: { help: 'begin anew where an export was broken off' },
  },
  details: `Stop whoever writes first: it is no snapshot. Into a file, an export that was broken off is gone on with when the same command is run
again. The file holds hashes, encrypted tokens and ids of users: keep it as you keep a backup. Counters are not exported.`,
  async run(context) {
    const { given, stdout } = context;
    const out = given.text('out');
    const file = out === undefined ? undefined : resolve(context.cwd, out);
    if (file === undefined && stdout.isTTY === true)
      throw new UsageError(
        'An export is not for reading: name a file with --out FILE, or send it on: portcullis export | portcullis import -',
      );
    if (file === undefined && context.json)
      throw new UsageError('With --json the export itself needs a file: --out FILE.');
    if (file !== undefined && existsSync(file))
      throw new UsageError(`${out} is there already. Remove it first, or choose another name.`);
    const opened = await context.open();
    const collections = await chooseCollections(context, opened);
    const lines = (resume?: PartialExport): AsyncGenerator<string, ExportTotals> =>
      exportRecords(opened.storage, {
        collections,
        source: opened.name,
        clock: context.clock,
        ...(resume === undefined ? {} : { resume }),
        onProgress: ({ collection, records }) =>
          context.progress(`exporting ${collection}: ${count(records, 'record')}`),
      });
    if (file === undefined) {
      const totals = await drain(
        lines(),
        (text) => new Promise((done, fail) => stdout.write(text, (error) => (error ? fail(error) : done()))),
      );
      await context.note(totalsTable(totals));
      return 0;
    }
    const partial = `${file}.partial`;
    if (given.flag('restart')) await rm(partial, { force: true });
    const resume = await findPartial(partial, opened.name, collections);
    if (resume !== undefined) await context.note(`Going on with ${out}.partial.\n`);
    const handle = await open(partial, resume === undefined ? 'w' : 'r+', 0o600);
    try {
      await handle.truncate(resume?.bytes ?? 0);
      const totals = await writeLines(handle, resume?.bytes ?? 0, lines(resume));
      await handle.sync();
      await rename(partial, file);
      await context.print(totalsTable(totals), { file, collections: Object.fromEntries(totals) });
    } finally {
      await handle.close();
    }
    return 0;
  },
};

// A collection that nobody names would be lost without a word, so it is refused.
async function chooseCollections(context: CommandContext, opened: OpenedStorage): Promise<readonly CollectionShape[]> {
  const all = await context.collections();
  const names = all.map(({ name }) => name);
  const asked = context.given.list('collection');
  for (const name of asked)
    if (!names.includes(name)) throw new UsageError(`--collection: none is called ${name}${nearMiss(name, names)}`);
  if (asked.length === 0) {
    const unnamed = ((await opened.collectionNames?.()) ?? []).filter((name) => !names.includes(name));
    if (unnamed.length > 0)
      throw new CommandError(
        'unnamed_collections',
        `The storage also holds ${unnamed.join(', ')}, which no configuration names. Add the definitions to "collections" in portcullis.config.js, or choose with --collection NAME.`,
      );
  }
  const chosen: CollectionShape[] = [];
  for (const shape of all)
    if ((asked.length === 0 || asked.includes(shape.name)) && (await isThere(opened.storage, shape)))
      chosen.push(shape);
  if (chosen.length === 0)
    throw new CommandError('nothing_to_export', `${opened.name} holds none of these collections. Is the prefix right?`);
  return chosen;
}

async function isThere(storage: Storage, shape: CollectionShape): Promise<boolean> {
  try {
    await storage.collection(shape as never).scan({ limit: 1 });
    return true;
  } catch (error) {
    if (isPortcullisError(error, 'storage_not_migrated')) return false;
    throw error;
  }
}

async function findPartial(
  file: string,
  source: string,
  collections: readonly CollectionShape[],
): Promise<PartialExport | undefined> {
  if (!existsSync(file)) return undefined;
  const found = await readExport(createReadStream(file));
  if (found === undefined) return undefined;
  const namesOf = (shapes: readonly CollectionShape[]): string => shapes.map(({ name }) => name).join();
  if (found.header.source !== source || namesOf(found.header.collections) !== namesOf(collections))
    throw new CommandError(
      'other_export',
      `${file} is of an export from elsewhere, or of other collections. Begin anew with --restart.`,
    );
  return found;
}

async function writeLines(
  handle: FileHandle,
  start: number,
  lines: AsyncGenerator<string, ExportTotals>,
): Promise<ExportTotals> {
  let at = start;
  return drain(lines, async (text) => {
    const bytes = Buffer.from(text);
    for (let from = 0; from < bytes.length; )
      from += (await handle.write(bytes, from, bytes.length - from, at + from)).bytesWritten;
    at += bytes.length;
  });
}

async function drain(
  lines: AsyncGenerator<string, ExportTotals>,
  write: (text: string) => Promise<void>,
): Promise<ExportTotals> {
  for (;;) {
    const next = await lines.next();
    if (next.done === true) return next.value;
    await write(next.value);
  }
}

function totalsTable(totals: ExportTotals): string {
  const rows = [...totals].map(([name, { records, digest }]) => [
    name,
    records.toLocaleString('en'),
    digest.slice(0, 16),
  ]);
  return table([['COLLECTION', 'RECORDS', 'DIGEST'], ...rows]);
}
