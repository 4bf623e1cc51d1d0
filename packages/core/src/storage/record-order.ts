import { CoreError } from '../errors/core-errors.js';
import { isStorageKey, isTime } from './record-rules.js';

/** Where a record stands in a listing. */
export interface RecordKey {
  readonly createdAt: number;
  readonly id: string;
}

/**
 * Compares two strings as their UTF-8 bytes compare, which is how a database with binary collation sorts them.
 * JavaScript's own `<` compares UTF-16 units and puts U+FFFD after U+10000.
 */
export function compareText(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) {
      const aSurrogate = a >= 0xd800 && a <= 0xdfff;
      const bSurrogate = b >= 0xd800 && b <= 0xdfff;
      if (aSurrogate !== bSurrogate) return aSurrogate ? 1 : -1;
      return a - b;
    }
  }
  return left.length - right.length;
}

/** Oldest first by (createdAt, id): the reverse of a listing's order. */
export function compareRecords(left: RecordKey, right: RecordKey): number {
  return left.createdAt - right.createdAt || compareText(left.id, right.id);
}

/** A cursor that continues a listing after this record. It holds the record's id: do not hand it out where the id is secret. */
export function encodeCursor(last: RecordKey): string {
  return `${last.createdAt}.${last.id}`;
}

/**
 * Reads a cursor of `encodeCursor`. It is checked for form only: it names a place in an order, and any place is a lawful one.
 *
 * @throws CoreError `invalid_cursor`
 */
export function decodeCursor(cursor: string): RecordKey {
  const match = typeof cursor === 'string' ? /^(0|[1-9][0-9]{0,15})\.(.+)$/su.exec(cursor) : null;
  const createdAt = Number(match?.[1]);
  const id = match?.[2];
  if (!isTime(createdAt) || !isStorageKey(id))
    throw new CoreError('invalid_cursor', 'The cursor is not one that a listing gave. Start again without it.');
  return { createdAt, id };
}
