import { type Clock, invalidOption, type Storage, type StoredRecord } from '@portcullis/core';
import { type CollectionShape, maxPageSize } from '@portcullis/core/storage';
import { type Line, splitLines } from './split-lines.js';
import { createTally, type Tally, type Total } from './tally.js';
import { formatVersion, readLine, type TransferHeader, type TransferMark, writeLine } from './transfer-line.js';

/** How far a transfer has come. */
export interface TransferProgress {
  readonly phase: 'export' | 'import' | 'verify';
  readonly collection: string;
  /** Records of the collection so far. */
  readonly records: number;
}

/** What to export. */
export interface ExportOptions {
  /** The collections to export. A storage does not know which there are: name all that the application uses. */
  readonly collections: readonly CollectionShape[];
  /** Where the records come from, for whoever reads the first line: no secrets. Default: empty. */
  readonly source?: string;
  /** What `readExport` found of an export that was broken off: it is gone on with. */
  readonly resume?: PartialExport;
  /** Records read at once, 1 to 1000. Default 500. */
  readonly pageSize?: number;
  readonly clock?: Clock;
  readonly onProgress?: (progress: TransferProgress) => void;
}

/** An export that was broken off. */
export interface PartialExport {
  readonly header: TransferHeader;
  /** Bytes to keep: what follows was not written in full. */
  readonly bytes: number;
  readonly tallies: ReadonlyMap<string, Tally>;
  /** The last place that was reached; `undefined` before the first page. */
  readonly mark: TransferMark | undefined;
  /** Whether nothing is left to do: its last line is there. */
  readonly finished: boolean;
}

/**
 * Everything that a storage holds of some collections, as JSON lines: first a header, then pages of records, each of which ends with a mark to
 * go on from, then the totals. Each text that this yields is whole lines and belongs together: write it, then ask for the next.
 *
 * It is no snapshot. A record that is written while it runs may be there in its old state, its new one, or not: stop whoever writes.
 * Counters are not exported: they are short-lived, and only mean something to the process that counts.
 *
 * @throws {CoreError} `invalid_option`; {StorageUnavailableError}, after which it can be gone on with
 */
export async function* exportRecords(storage: Storage, options: ExportOptions): AsyncGenerator<string, ExportTotals> {
  const { clock = Date.now, source = '', resume, onProgress, pageSize = 500 } = options;
  if (!Number.isSafeInteger(pageSize) || pageSize < 1 || pageSize > maxPageSize)
    throw invalidOption('pageSize', `give a whole number from 1 to ${maxPageSize}`);
  const shapes = resume?.header.collections ?? shapesOf(options.collections);
  const tallies = new Map(shapes.map(({ name }) => [name, resume?.tallies.get(name) ?? createTally(clock())]));
  if (resume === undefined)
    yield writeLine({ kind: 'header', version: formatVersion, at: clock(), source, collections: shapes });

  const mark = resume?.mark;
  const from = Math.max(
    0,
    shapes.findIndex(({ name }) => name === mark?.collection),
  );
  for (const [at, shape] of shapes.entries()) {
    if (at < from || (mark?.collection === shape.name && mark.cursor === undefined)) continue;
    const tally = tallies.get(shape.name) as Tally;
    const collection = storage.collection<StoredRecord>(shape as never);
    let cursor = mark?.collection === shape.name ? mark.cursor : undefined;
    let { records } = tally.total();
    do {
      const page = await collection.scan({ limit: pageSize, ...(cursor === undefined ? {} : { cursor }) });
      let text = '';
      for (const { record } of page.items) {
        tally.add(record);
        text += writeLine({ kind: 'record', collection: shape.name, record });
      }
      ({ cursor } = page);
      records += page.items.length;
      onProgress?.({ phase: 'export', collection: shape.name, records });
      yield text + writeLine({ kind: 'mark', collection: shape.name, cursor });
    } while (cursor !== undefined);
  }
  const totals = new Map([...tallies].map(([name, tally]) => [name, tally.total()]));
  if (resume?.finished !== true) yield writeLine({ kind: 'end', totals });
  return totals;
}

/** What an export holds, by collection. */
export type ExportTotals = ReadonlyMap<string, Total>;

/**
 * Reads an export that was broken off, as far as it is whole: `undefined` where not even the header is.
 *
 * @throws {TransferError} `transfer_unsupported`
 */
export async function readExport(
  chunks: AsyncIterable<Uint8Array>,
  options: { readonly clock?: Clock } = {},
): Promise<PartialExport | undefined> {
  const { clock = Date.now } = options;
  let kept: PartialExport | undefined;
  let page: { readonly collection: string; readonly record: StoredRecord }[] = [];
  for await (const line of splitLines(chunks)) {
    const read = tryLine(line);
    // A crash of the machine may leave anything at the end.
    if (read === undefined) break;
    if (kept === undefined) {
      if (read.kind !== 'header') return undefined;
      const tallies = new Map(read.collections.map(({ name }) => [name, createTally(clock())]));
      kept = { header: read, bytes: line.end, tallies, mark: undefined, finished: false };
    } else if (read.kind === 'record') page.push(read);
    else if (read.kind === 'mark') {
      for (const { collection, record } of page) kept.tallies.get(collection)?.add(record);
      page = [];
      kept = { ...kept, bytes: line.end, mark: read };
    } else if (read.kind === 'end') return { ...kept, bytes: line.end, finished: true };
  }
  return kept;
}

function tryLine({ text, number }: Line): ReturnType<typeof readLine> | undefined {
  try {
    return readLine(text, number);
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'transfer_unsupported') throw error;
    return undefined;
  }
}

function shapesOf(collections: readonly CollectionShape[]): readonly CollectionShape[] {
  if (!Array.isArray(collections as unknown) || collections.length === 0)
    throw invalidOption('collections', 'name at least one: apiKeyCollection, sessionCollection, ...');
  const shapes = collections.map(({ name, indexes = [] }) => ({ name, indexes: [...indexes] }));
  const twice = shapes.find(({ name }, at) => shapes.findIndex((shape) => shape.name === name) !== at);
  if (twice !== undefined) throw invalidOption('collections', `${twice.name} is there twice`);
  return shapes;
}
