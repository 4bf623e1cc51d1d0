import { CoreError, invalidOption } from '../errors/core-errors.js';
import { copyData } from './record-data.js';
import type { CollectionDefinition, StoredRecord, Touch } from './storage.js';

/** The longest id or index value, in UTF-8 bytes: what every database can hold in an index. */
export const maxKeyBytes = 255;

/** Milliseconds that `sweepAt` rounds up to: an hour. */
export const sweepWidthMs = 3_600_000;

/** The most items that `list` and `scan` give at once. */
export const maxPageSize = 1000;

// Tables that the SQL adapters make for themselves.
const reservedNames: ReadonlySet<string> = new Set(['counters', 'migrations']);

/**
 * Whether a value can be an id, an index value or a counter key: a well-formed string of 1 to 255 UTF-8 bytes without NUL.
 *
 * Adapters answer "absent" to a read of anything else, without asking the database: a number or an object in the place of
 * an id never reaches a query, and a lone surrogate is never replaced by U+FFFD, under which two ids would be one.
 */
export function isStorageKey(value: unknown): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > maxKeyBytes) return false;
  let bytes = 0;
  for (let index = 0; index < value.length; index += 1) {
    const unit = value.charCodeAt(index);
    if (unit === 0) return false;
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (unit < 0xd800 || unit > 0xdfff) bytes += 3;
    else {
      const low = value.charCodeAt(index + 1);
      // charCodeAt past the end is NaN, which fails both comparisons.
      if (unit > 0xdbff || !(low >= 0xdc00 && low <= 0xdfff)) return false;
      bytes += 4;
      index += 1;
    }
  }
  return bytes <= maxKeyBytes;
}

/** Misuse of the storage contract: says which rule was broken, never with which value. */
export function invalidRecord(collection: string, problem: string): CoreError {
  return new CoreError('invalid_record', `${collection}: ${problem}`);
}

/** A definition of any collection: what migrations need to know of it. */
export interface CollectionShape {
  readonly name: string;
  readonly indexes?: readonly string[];
}

/** What a collection checks before anything reaches its database. */
export interface RecordRules<T extends StoredRecord> {
  readonly name: string;
  readonly indexes: readonly string[];
  /**
   * A deeply frozen copy of a record that keeps every rule: JSON data, safe integers, well-formed strings, keys as `isStorageKey` says.
   *
   * @throws CoreError `invalid_record`
   */
  parse(record: T): T;
  /**
   * Refuses a new state of a record whose `createdAt` or index values are others.
   *
   * @throws CoreError `invalid_record`
   */
  assertSameIdentity(previous: T, next: T): void;
  /**
   * Refuses an index that the collection does not have.
   *
   * @throws CoreError `invalid_option`
   */
  assertIndex(index: string): void;
}

/**
 * Checks a collection's definition and gives the rules for its records.
 *
 * @throws CoreError `invalid_option` for a name or index that some database could not carry
 */
export function createRecordRules<T extends StoredRecord>(definition: CollectionDefinition<T>): RecordRules<T> {
  const { name } = definition;
  const indexes: readonly string[] = Object.freeze([...(definition.indexes ?? [])]);
  checkName(name);
  checkIndexes(name, indexes);

  return Object.freeze({
    name,
    indexes,

    parse(record: T): T {
      const copy = copyData(record, name);
      if (!isStorageKey(copy.id))
        throw invalidRecord(name, 'id must be a well-formed string of 1 to 255 UTF-8 bytes without NUL.');
      if (!isTime(copy.createdAt)) throw invalidRecord(name, 'createdAt must be a time in whole milliseconds.');
      if (copy.expiresAt !== undefined && !isTime(copy.expiresAt))
        throw invalidRecord(name, 'expiresAt must be a time in whole milliseconds, or left out.');
      if (copy.touchedAt !== undefined && !isTime(copy.touchedAt))
        throw invalidRecord(name, 'touchedAt must be a time in whole milliseconds, or left out.');
      for (const index of indexes) {
        const value = indexValue(copy, index);
        if (value !== undefined && !isStorageKey(value)) {
          throw invalidRecord(
            name,
            `${index} is an index: it must be a well-formed string of 1 to 255 UTF-8 bytes without NUL, or left out.`,
          );
        }
      }
      return copy;
    },

    assertSameIdentity(previous: T, next: T): void {
      if (previous.createdAt !== next.createdAt)
        throw invalidRecord(name, 'createdAt never changes. Update with the createdAt that was read.');
      for (const index of indexes) {
        if (indexValue(previous, index) !== indexValue(next, index)) {
          throw invalidRecord(name, `${index} is an index and never changes. Delete the record and create another.`);
        }
      }
    },

    assertIndex(index: string): void {
      if (!indexes.includes(index))
        throw invalidOption(
          'index',
          `${name} has no such index. Use one of its definition: ${indexes.join(', ') || 'it has none'}.`,
        );
    },
  });
}

/** The value by which an index finds a record; `undefined` for a record in no page of it. Own fields only. */
export function indexValue(record: object, index: string): unknown {
  return Object.hasOwn(record, index) ? (record as Record<string, unknown>)[index] : undefined;
}

/** Whether a value is an absolute time in whole milliseconds that every database can hold exactly. */
export function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/**
 * When a database may sweep what expires at this time: rounded up to the hour, so that a sliding expiry mostly stays in its place in the
 * sweeping index, and so that a process whose clock is a little fast deletes nothing that others still see.
 */
export function sweepAt(expiresAt: number): number {
  return Math.ceil(expiresAt / sweepWidthMs) * sweepWidthMs;
}

/** @throws CoreError `invalid_option` for a page size outside 1 to 1000 */
export function checkLimit(limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > maxPageSize)
    throw invalidOption('limit', `give a whole number from 1 to ${maxPageSize}.`);
}

/** @throws CoreError `invalid_option` for a sweep's size that is not a positive whole number */
export function checkBatch(limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1) throw invalidOption('limit', 'give a positive whole number.');
}

/**
 * Checks what `touch` is to write. An id that could not exist is no misuse: it is absent.
 *
 * @throws CoreError `invalid_record` for a time that is not one
 */
export function checkTouches(collection: string, touches: readonly Touch[]): void {
  for (const touch of touches) {
    if (!isTime(touch.touchedAt) || (touch.expiresAt !== undefined && !isTime(touch.expiresAt))) {
      throw invalidRecord(collection, 'touchedAt and expiresAt of a touch must be times in whole milliseconds.');
    }
  }
}

function checkName(name: string): void {
  if (typeof name !== 'string' || !/^[a-z0-9_]{1,40}$/.test(name)) {
    throw invalidOption('collection.name', 'use 1 to 40 lower-case letters, digits and _.');
  }
  if (reservedNames.has(name))
    throw invalidOption('collection.name', `"${name}" is a table of the storage itself. Choose another name.`);
}

function checkIndexes(name: string, indexes: readonly string[]): void {
  const seen = new Set<string>(['id', 'createdat', 'expiresat', 'touchedat']);
  for (const index of indexes) {
    if (typeof index !== 'string' || !/^[A-Za-z][A-Za-z0-9_]{0,39}$/.test(index)) {
      throw invalidOption(
        'collection.indexes',
        `an index of ${name} must be a field name of 1 to 40 letters, digits and _.`,
      );
    }
    // Column names of SQL databases ignore case.
    const folded = index.toLowerCase();
    if (seen.has(folded))
      throw invalidOption(
        'collection.indexes',
        `"${index}" of ${name} is a fixed field, or there twice but for its case.`,
      );
    seen.add(folded);
  }
}
