import {
  type Clock,
  type Collection,
  invalidOption,
  isPortcullisError,
  type Storage,
  type StoredRecord,
} from '@portcullis/core';
import type { CollectionShape } from '@portcullis/core/storage';
import { TransferError } from './errors.js';
import type { TransferProgress } from './export-records.js';
import { putRecord } from './put-record.js';
import { splitLines } from './split-lines.js';
import { createTally, type Tally, type Total } from './tally.js';
import { readLine, type TransferHeader, type TransferLine } from './transfer-line.js';
import { createWorkers } from './workers.js';

/** How to import. */
export interface ImportOptions {
  /** The application's own definitions, which win over those of the export: a newer release may have an index more. */
  readonly collections?: readonly CollectionShape[];
  /** Called once the collections are known to the storage and before anything is written: migrate, or refuse by throwing. */
  readonly prepare?: (header: TransferHeader) => Promise<void> | void;
  /** What to do with a record that the target has in another state: leave it and report a conflict (default), or replace it. */
  readonly onConflict?: 'report' | 'replace';
  /** Records written at once, 1 to 256. Default 32. */
  readonly concurrency?: number;
  readonly clock?: Clock;
  readonly onProgress?: (progress: TransferProgress) => void;
}

/** What became of one collection. */
export interface ImportedCollection {
  readonly name: string;
  /** Written now. */
  readonly created: number;
  /** There already, as they are in the export: of an earlier run that was broken off, say. */
  readonly present: number;
  readonly replaced: number;
  /** There in another state, and left so. */
  readonly conflicts: number;
  /** Not written, since they have expired. */
  readonly expired: number;
  /** What the export holds, without what has expired meanwhile. */
  readonly expected: Total;
  /** What the target holds, read back. */
  readonly found: Total;
  /** Whether the target holds these records and no others. */
  readonly verified: boolean;
}

/** What an import has done. */
export interface ImportReport {
  /** Whether every collection was verified. */
  readonly verified: boolean;
  readonly collections: readonly ImportedCollection[];
}

interface Target {
  readonly name: string;
  readonly collection: Collection<StoredRecord>;
  readonly tally: Tally;
  readonly counts: { created: number; present: number; replaced: number; conflicts: number; expired: number };
  seen: number;
}

/**
 * Writes an export into a storage, then reads everything back and compares counts and digests.
 *
 * Records are created, never overwritten, so that after a crash the same import can simply be run again: what is there already is counted as
 * present. Ids, times and expiry are kept; versions are new, so that a compare-and-set that was begun against the old storage loses. The report
 * says when the target holds anything but the export's records; so begin with empty collections, and let nobody write to them meanwhile.
 *
 * @throws {TransferError} for an export that is malformed, cut off or altered, or a record that the target does not take;
 * {StorageUnavailableError}, after which the same import can be run again
 */
export async function importRecords(
  storage: Storage,
  chunks: AsyncIterable<Uint8Array>,
  options: ImportOptions = {},
): Promise<ImportReport> {
  const { clock = Date.now, onConflict = 'report', concurrency = 32, onProgress } = options;
  if (!Number.isSafeInteger(concurrency) || concurrency < 1 || concurrency > 256)
    throw invalidOption('concurrency', 'give a whole number from 1 to 256');
  if (onConflict !== 'report' && onConflict !== 'replace') throw invalidOption('onConflict', 'use report or replace');
  const targets = new Map<string, Target>();
  const workers = createWorkers(concurrency);
  let header: TransferHeader | undefined;
  let end: (TransferLine & { readonly kind: 'end' }) | undefined;

  for await (const { text, number } of splitLines(chunks)) {
    const line = readLine(text, number);
    if (end !== undefined) throw new TransferError('transfer_malformed', `Line ${number} stands after the last line.`);
    if (header === undefined) {
      if (line.kind !== 'header') throw new TransferError('transfer_malformed', 'Line 1 is no header of an export.');
      header = line;
      for (const target of openTargets(storage, header, options)) targets.set(target.name, target);
      await options.prepare?.(header);
    } else if (line.kind === 'end') end = line;
    else if (line.kind === 'record') {
      const target = targets.get(line.collection);
      if (target === undefined)
        throw new TransferError(
          'transfer_malformed',
          `Line ${number} is of a collection that the header does not name.`,
        );
      target.tally.add(line.record);
      await workers.run(async () => {
        const outcome = await putRecord(target.collection, line.record, { clock, onConflict }).catch(
          (error: unknown) => {
            throw refused(error, number);
          },
        );
        target.counts[outcome] += 1;
        target.seen += 1;
        onProgress?.({ phase: 'import', collection: target.name, records: target.seen });
      });
    } else if (line.kind === 'header')
      throw new TransferError('transfer_malformed', `Line ${number} is a second header: two exports were joined.`);
  }
  await workers.done();
  if (header === undefined || end === undefined) throw new TransferError('transfer_incomplete');
  checkWhole(targets, end.totals);

  const collections: ImportedCollection[] = [];
  for (const target of targets.values()) collections.push(await verify(target, clock, onProgress));
  return { verified: collections.every(({ verified }) => verified), collections };
}

function openTargets(
  storage: Storage,
  header: TransferHeader,
  { collections = [], clock = Date.now }: ImportOptions,
): readonly Target[] {
  return header.collections.map((exported) => {
    const shape = collections.find(({ name }) => name === exported.name) ?? exported;
    return {
      name: exported.name,
      collection: storage.collection<StoredRecord>(shape as never),
      tally: createTally(clock()),
      counts: { created: 0, present: 0, replaced: 0, conflicts: 0, expired: 0 },
      seen: 0,
    };
  });
}

// What another storage took and this one does not (a record too large, say) is found on its line; an outage is an outage.
function refused(error: unknown, number: number): unknown {
  if (!isPortcullisError(error, 'invalid_record')) return error;
  return new TransferError('transfer_refused', `Line ${number}: ${error.message}`, { cause: error });
}

function checkWhole(targets: ReadonlyMap<string, Target>, totals: ReadonlyMap<string, Total>): void {
  for (const { name, tally } of targets.values()) {
    const [read, told] = [tally.total(), totals.get(name)];
    if (read.records !== told?.records || read.digest !== told.digest)
      throw new TransferError(
        'transfer_altered',
        `The export has ${read.records} records of ${name} where its last line counts ${told?.records ?? 'none'}${read.records === told?.records ? ', and not the same ones' : ''}. It was edited, cut or mixed.`,
      );
  }
}

async function verify(
  { name, collection, tally, counts }: Target,
  clock: Clock,
  onProgress: ImportOptions['onProgress'],
): Promise<ImportedCollection> {
  const there = createTally(clock());
  let cursor: string | undefined;
  let records = 0;
  do {
    const page = await collection.scan({ limit: 500, ...(cursor === undefined ? {} : { cursor }) });
    for (const { record } of page.items) there.add(record);
    records += page.items.length;
    ({ cursor } = page);
    onProgress?.({ phase: 'verify', collection: name, records });
  } while (cursor !== undefined);
  const now = clock();
  const [expected, found] = [tally.total(now), there.total(now)];
  return {
    name,
    ...counts,
    expected,
    found,
    verified: expected.records === found.records && expected.digest === found.digest,
  };
}
