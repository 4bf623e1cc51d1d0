import { StorageUnavailableError } from '../errors/core-errors.js';
import type { Stored, StoredRecord } from './storage.js';

/**
 * The JSON of what a table keeps in `data`: all but the id and the times, which have columns of their own.
 */
export function recordData(record: StoredRecord): string {
  const { id: _id, createdAt: _createdAt, expiresAt: _expiresAt, touchedAt: _touchedAt, ...data } = record;
  return JSON.stringify(data);
}

/**
 * Reads a record that a table gave as one text: `version created_at touched_at expires_at data`, with one space between and an empty word for
 * a time that is not there.
 *
 * A client spends as much on describing and copying each column of an answer as on all that is done with a record: of one column it costs no more than any query.
 *
 * @throws {StorageUnavailableError} when it is something else: what stood there is unknown, which is not the same as absent
 */
export function unpackRecord<T extends StoredRecord>(id: string, packed: string): Stored<T> {
  const created = packed.indexOf(' ') + 1;
  const touched = packed.indexOf(' ', created) + 1;
  const expires = packed.indexOf(' ', touched) + 1;
  const data = packed.indexOf(' ', expires) + 1;
  const record = parseData(packed.slice(data));
  record['id'] = id;
  record['createdAt'] = time(packed.slice(created, touched - 1));
  if (data - expires > 1) record['expiresAt'] = time(packed.slice(expires, data - 1));
  if (expires - touched > 1) record['touchedAt'] = time(packed.slice(touched, expires - 1));
  return { record: record as unknown as T, version: packed.slice(0, created - 1) };
}

function time(text: string): number {
  const ms = Number(text);
  if (text === '' || !Number.isSafeInteger(ms)) throw unreadable();
  return ms;
}

function parseData(data: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(data);
  } catch {
    throw unreadable();
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw unreadable();
  return parsed as Record<string, unknown>;
}

function unreadable(): StorageUnavailableError {
  return new StorageUnavailableError('A stored record cannot be read.');
}
