import {
  type RecordKey,
  type Stored,
  type StoredRecord,
  type Version,
  StorageUnavailableError,
  sweepAt,
  sweepWidthMs,
} from '@portcullis/core/storage';

/** Sorted sets that the directory of a collection is spread over, so that no one node of a cluster has all of it. */
export const shards = 64;

// Version 32, birth 19, filed 10, created 16, expires 16, touched 16: the scripts count on these places.
const headerPattern = /^[0-9a-f]{32}[0-9a-z]{19}\d{26}(?:\d{32}|\d{16}-{16})/;
const headerLength = 109;

// As text it sorts after every time.
const neverExpires = '9999999999999999';
const neverTouched = '-'.repeat(16);
const neverSwept = '9999999999';

/** A record as it stands in its string. */
export interface Kept<T> {
  readonly stored: Stored<T>;
  /** Names the one `create` that the record came from. */
  readonly birth: string;
  /** The hour under which the directory has it. */
  readonly filed: string;
}

/** What an entry of an index or of the directory says. */
export interface Entry extends RecordKey {
  readonly birth: string;
  readonly member: string;
}

/** A time as text that sorts as the times do. */
export function timeText(time: number): string {
  return String(time).padStart(16, '0');
}

/** An expiry as text; none is later than all. */
export function expiryText(expiresAt: number | undefined): string {
  return expiresAt === undefined ? neverExpires : timeText(expiresAt);
}

/** The last use as text; none is earlier than all. */
export function touchText(touchedAt: number | undefined): string {
  return touchedAt === undefined ? neverTouched : timeText(touchedAt);
}

/** The hour at whose end a record may be swept. */
export function bucketText(expiresAt: number | undefined): string {
  return expiresAt === undefined ? neverSwept : hourText(sweepAt(expiresAt) / sweepWidthMs);
}

/** The first hour that is not past. */
export function runningBucket(now: number): string {
  return hourText(Math.floor(now / sweepWidthMs) + 1);
}

function hourText(hour: number): string {
  return String(hour).padStart(10, '0');
}

/** The name of one `create`: when its entries were written, and 32 random bits of its version. */
export function createBirth(now: number, version: Version): string {
  return now.toString(36).padStart(11, '0') + version.slice(0, 8);
}

/** When the entries of this birth were written, by the clock of the process that did. */
export function birthTime(birth: string): number {
  return Number.parseInt(birth.slice(0, 11), 36);
}

/** A record's JSON, without what its key and its header say already. */
export function encodeData(record: StoredRecord): string {
  const { id: _id, createdAt: _createdAt, expiresAt: _expiresAt, touchedAt: _touchedAt, ...data } = record;
  return JSON.stringify(data);
}

/** A new record's string. */
export function encodeRecord(record: StoredRecord, version: Version, birth: string): string {
  const { createdAt, expiresAt, touchedAt } = record;
  return `${version}${birth}${bucketText(expiresAt)}${timeText(createdAt)}${expiryText(expiresAt)}${touchText(touchedAt)}${encodeData(record)}`;
}

/**
 * Reads a record's string.
 *
 * @throws StorageUnavailableError when somebody else wrote it: what stood there is unknown, which is not the same as absent
 */
export function decodeRecord<T extends StoredRecord>(id: string, text: string): Kept<T> {
  if (!headerPattern.test(text)) throw unreadable('header');
  const record = parseData(text.slice(headerLength));
  const [expiresAt, touchedAt] = [text.slice(77, 93), text.slice(93, headerLength)];
  record['id'] = id;
  record['createdAt'] = Number(text.slice(61, 77));
  if (expiresAt !== neverExpires) record['expiresAt'] = Number(expiresAt);
  if (touchedAt !== neverTouched) record['touchedAt'] = Number(touchedAt);
  const stored = { record: record as unknown as T, version: text.slice(0, 32) };
  return { stored, birth: text.slice(32, 51), filed: text.slice(51, 61) };
}

/** What the directory has to know of a record, from its header alone. */
export function decodeFiling(header: string): {
  readonly birth: string;
  readonly filed: string;
  readonly expiresAt: number | undefined;
} {
  if (!headerPattern.test(header)) throw unreadable('header');
  const expiresAt = header.slice(77, 93);
  return {
    birth: header.slice(32, 51),
    filed: header.slice(51, 61),
    expiresAt: expiresAt === neverExpires ? undefined : Number(expiresAt),
  };
}

function parseData(data: string): Record<string, unknown> {
  let record: unknown;
  try {
    record = JSON.parse(data);
  } catch {
    // Its message quotes the text.
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record)) throw unreadable('data');
  return record as Record<string, unknown>;
}

function unreadable(part: string): StorageUnavailableError {
  return new StorageUnavailableError(`A stored record cannot be read: its ${part} is not what this storage writes.`);
}

// In a cluster only what is in braces is hashed, if there is any: nobody is to choose by an id on which node it lands.
function escaped(name: string): string {
  return /[%{}]/.test(name) ? name.replaceAll(/[%{}]/g, (unit) => encodeURIComponent(unit)) : name;
}

/** The names of a collection's keys. */
export interface CollectionKeys {
  record(id: string): string;
  index(index: string, value: string): string;
  directory(shard: number): string;
}

/** The keys of a collection: each record, each value of an index and each shard is a slot of its own. */
export function collectionKeys(prefix: string, name: string): CollectionKeys {
  const base = `${prefix}${name}:`;
  return Object.freeze({
    record: (id: string) => `${base}r:${escaped(id)}`,
    index: (index: string, value: string) => `${base}i:${index}:${escaped(value)}`,
    directory: (shard: number) => `${base}d:${shard}`,
  });
}

/** The key of a counter. No collection can have its name. */
export function counterKey(prefix: string, key: string): string {
  return `${prefix}counters:${escaped(key)}`;
}

/** The shard of the directory that an id is in. */
export function shardOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % shards;
}

// An id has no NUL, and NUL sorts before all: entries are in the order of (time, bytes of the id), whatever the birth.
/** An entry of an index. */
export function indexMember({ createdAt, id }: RecordKey, birth: string): string {
  return `${timeText(createdAt)}${id}\0${birth}`;
}

/** An entry of the directory. */
export function directoryMember(bucket: string, id: string, birth: string): string {
  return `${bucket}${id}\0${birth}`;
}

/** Reads an entry whose time is so many digits wide: 16 in an index, 10 in the directory. */
export function decodeMember(member: string, width: number): Entry {
  const end = member.lastIndexOf('\0');
  return {
    createdAt: Number(member.slice(0, width)),
    id: member.slice(width, end),
    birth: member.slice(end + 1),
    member,
  };
}

/** The bound after which an ascending walk goes on past every entry of this time and id. */
export function pastMember(time: string, id: string): string {
  return `(${time}${id}\0\x7f`;
}
