import type { CollectionShape } from '@portcullis/core/storage';
import { isStorageKey, isTime } from '@portcullis/core/storage';
import type { StoredRecord } from '@portcullis/core';
import { TransferError } from './errors.js';
import type { Total } from './tally.js';

/** The first line of an export. */
export interface TransferHeader {
  readonly kind: 'header';
  readonly version: number;
  /** When the export began, absolute milliseconds. */
  readonly at: number;
  /** Where the records come from, in the words of whoever exported: no secrets. */
  readonly source: string;
  readonly collections: readonly CollectionShape[];
}

/** Where an export can be gone on with: every record before it is in full. */
export interface TransferMark {
  readonly kind: 'mark';
  readonly collection: string;
  /** Where its next page begins; absent when the collection is done. */
  readonly cursor?: string | undefined;
}

/** A line of an export. */
export type TransferLine =
  | TransferHeader
  | TransferMark
  | { readonly kind: 'record'; readonly collection: string; readonly record: StoredRecord }
  | { readonly kind: 'end'; readonly totals: ReadonlyMap<string, Total> };

/** The format that this release writes and reads. */
export const formatVersion = 1;

/** A line as it is written, with its line feed. */
export function writeLine(line: TransferLine): string {
  return `${JSON.stringify(plain(line))}\n`;
}

function plain(line: TransferLine): unknown {
  switch (line.kind) {
    case 'header': {
      const { version, at, source, collections } = line;
      return { portcullis: version, at, source, counters: 'not included', collections };
    }
    case 'record':
      return { in: line.collection, record: line.record };
    case 'mark':
      return { mark: { in: line.collection, cursor: line.cursor } };
    case 'end':
      return { end: Object.fromEntries(line.totals) };
  }
}

/**
 * Reads a line of an export.
 *
 * @param number counted from 1, for the message
 * @throws {TransferError} `transfer_malformed`, `transfer_unsupported`
 */
export function readLine(text: string, number: number): TransferLine {
  const malformed = (problem: string): TransferError =>
    new TransferError('transfer_malformed', `Line ${number} ${problem}.`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('is not JSON');
  }
  if (!isObject(value)) throw malformed('is not an object');
  if ('portcullis' in value) return readHeader(value, malformed);
  if ('record' in value) {
    const { in: collection, record } = value;
    if (typeof collection !== 'string' || !isRecord(record)) throw malformed('holds no record of a collection');
    return { kind: 'record', collection, record };
  }
  if (isObject(value['mark'])) {
    const { in: collection, cursor } = value['mark'];
    if (typeof collection !== 'string' || (cursor !== undefined && typeof cursor !== 'string'))
      throw malformed('marks no place in a collection');
    return { kind: 'mark', collection, cursor };
  }
  if (isObject(value['end'])) {
    const totals = Object.entries(value['end']);
    if (!totals.every((each): each is [string, Total] => isTotal(each[1]))) throw malformed('ends with no totals');
    return { kind: 'end', totals: new Map(totals) };
  }
  throw malformed('is none that an export writes');
}

function readHeader(
  value: Readonly<Record<string, unknown>>,
  malformed: (problem: string) => TransferError,
): TransferHeader {
  const { portcullis: version, at, source, collections } = value;
  if (version !== formatVersion)
    throw new TransferError(
      'transfer_unsupported',
      `The export is in format ${String(JSON.stringify(version)).slice(0, 20)}; this release reads ${formatVersion}.`,
    );
  if (!isTime(at) || typeof source !== 'string' || !Array.isArray(collections) || !collections.every(isShape))
    throw malformed('is no header of an export');
  return { kind: 'header', version, at, source, collections };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// The rest of a record is the target's to check, as for any other create.
function isRecord(value: unknown): value is StoredRecord & Readonly<Record<string, unknown>> {
  return (
    isObject(value) &&
    isStorageKey(value['id']) &&
    isTime(value['createdAt']) &&
    (value['expiresAt'] === undefined || isTime(value['expiresAt'])) &&
    (value['touchedAt'] === undefined || isTime(value['touchedAt']))
  );
}

function isShape(value: unknown): value is CollectionShape {
  if (!isObject(value) || typeof value['name'] !== 'string') return false;
  const { indexes } = value;
  return Array.isArray(indexes) && indexes.every((index) => typeof index === 'string');
}

function isTotal(value: unknown): value is Total {
  return (
    isObject(value) &&
    Number.isSafeInteger(value['records']) &&
    typeof value['digest'] === 'string' &&
    /^[\da-f]{64}$/.test(value['digest'])
  );
}
