import {
  type CallOptions,
  type Clock,
  type Collection,
  type ListQuery,
  type MaybePromise,
  type Page,
  type Random,
  type RecordRules,
  type ScanQuery,
  type Stored,
  type StoredRecord,
  type StringField,
  type Touch,
  type Version,
  andThen,
  assertNotAborted,
  checkBatch,
  checkLimit,
  checkTouches,
  createVersion,
  decodeCursor,
  encodeCursor,
  indexValue,
  invalidRecord,
  isPromise,
  isStorageKey,
  recordData,
  sweepAt,
  sweepWidthMs,
  unpackRecord,
} from '@portcullis/core/storage';
import { type Query, type Row, type SqliteValue, optionalInteger, text } from './driver.js';
import { indexColumn, quoted } from './migrations.js';

/** What the collections of one storage share. */
export interface CollectionContext {
  /** A statement of the database. */
  readonly query: (sql: string) => Query;
  readonly prefix: string;
  readonly clock: Clock;
  readonly random: Random | undefined;
}

// One UPDATE takes them as one JSON text.
const touchBatch = 5000;

// As `unpackRecord` reads it. To put anything beside a null gives null.
const packed = `"version" || ' ' || "created_at" || ' ' || coalesce("touched_at", '') || ' ' || coalesce("expires_at", '') || ' ' || "data" AS "packed"`;
const columns = `"id", ${packed}`;
const living = '("expires_at" IS NULL OR "expires_at" > ?)';

/**
 * A collection in a table of its own. Every call is one statement, so that each is atomic between processes without a transaction:
 * it also works inside one that the application has open on the same connection.
 */
export function createCollection<T extends StoredRecord>(
  rules: RecordRules<T>,
  context: CollectionContext,
): Collection<T> {
  const { clock, random, query } = context;
  const table = quoted(`${context.prefix}${rules.name}`);
  const perIndex = (sql: (column: string) => string): ReadonlyMap<string, Query> =>
    new Map(rules.indexes.map((index) => [index, query(sql(quoted(indexColumn(index))))]));

  const select = query(`SELECT ${packed} FROM ${table} WHERE "id" = ?`);
  const insert = query(
    `INSERT INTO ${table} ("id", "version", "created_at", "touched_at", "expires_at", "sweep_at", "data") VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT ("id") DO UPDATE SET "version" = excluded."version", "created_at" = excluded."created_at", "touched_at" = excluded."touched_at",
       "expires_at" = excluded."expires_at", "sweep_at" = excluded."sweep_at", "data" = excluded."data"
     WHERE ${table}."expires_at" <= ?`,
  );
  const same = rules.indexes.map((index) => ` AND ${quoted(indexColumn(index))} IS ?`).join('');
  const set = query(
    `UPDATE ${table} SET "version" = ?, "touched_at" = max(coalesce("touched_at", ?), coalesce(?, "touched_at")), "expires_at" = ?, "sweep_at" = ?, "data" = ?
     WHERE "id" = ? AND "version" = ? AND ${living} AND "created_at" = ?${same}`,
  );
  // max() of a null is null: a record without expiry stays without.
  const moved = `max("r"."expires_at", coalesce("t"."expires_at", 0))`;
  const touchAll = query(
    `UPDATE ${table} AS "r" SET "touched_at" = max(coalesce("r"."touched_at", 0), "t"."touched_at"), "expires_at" = ${moved},
       "sweep_at" = (${moved} + ${sweepWidthMs - 1}) / ${sweepWidthMs} * ${sweepWidthMs}
     FROM (SELECT json_extract("value", '$[0]') AS "id", json_extract("value", '$[1]') AS "touched_at", json_extract("value", '$[2]') AS "expires_at" FROM json_each(?)) AS "t"
     WHERE "r"."id" = "t"."id" AND ("r"."expires_at" IS NULL OR "r"."expires_at" > ?)`,
  );
  const removeRead = query(`DELETE FROM ${table} WHERE "id" = ? RETURNING ${columns}`);
  const remove = query(`DELETE FROM ${table} WHERE "id" = ? RETURNING "expires_at"`);
  const removeVersion = query(`DELETE FROM ${table} WHERE "id" = ? AND "version" = ? RETURNING "expires_at"`);
  // The expired go too: a process whose clock is behind must not see them still. They are not counted.
  const removeWhere = perIndex(
    (column) => `DELETE FROM ${table} WHERE ${column} = ? AND "id" IS NOT ? RETURNING "expires_at"`,
  );
  const order = 'ORDER BY "created_at" DESC, "id" DESC LIMIT ?';
  const first = perIndex((column) => `SELECT ${columns} FROM ${table} WHERE ${column} = ? AND ${living} ${order}`);
  const next = perIndex(
    (column) =>
      `SELECT ${columns} FROM ${table} WHERE ${column} = ? AND ${living} AND ("created_at", "id") < (?, ?) ${order}`,
  );
  const scan = query(`SELECT ${columns} FROM ${table} WHERE "id" > ? AND ${living} ORDER BY "id" LIMIT ?`);
  const sweep = query(
    `DELETE FROM ${table} WHERE "rowid" IN (SELECT "rowid" FROM ${table} WHERE "sweep_at" <= ? LIMIT ?)`,
  );

  const isLiving = ({ expiresAt }: Pick<StoredRecord, 'expiresAt'>): boolean =>
    expiresAt === undefined || expiresAt > clock();
  const wasLiving = (row: Row): boolean => isLiving({ expiresAt: optionalInteger(row, 'expires_at') });

  const read = (id: string): MaybePromise<Stored<T> | undefined> => {
    const row = select.get(id);
    return isPromise(row) ? row.then((found) => storedOf(id, found)) : storedOf(id, row);
  };
  const storedOf = (id: string, row: Row | undefined): Stored<T> | undefined => {
    if (row === undefined) return undefined;
    const stored = unpackRecord<T>(id, text(row, 'packed'));
    return isLiving(stored.record) ? stored : undefined;
  };

  const page = (rows: readonly Row[], limit: number): Page<Stored<T>> => {
    const items = rows.slice(0, limit).map((row) => decode<T>(row));
    const last = items.at(-1);
    return rows.length > limit && last !== undefined ? { items, cursor: encodeCursor(last.record) } : { items };
  };

  return Object.freeze({
    create(record: T, call?: CallOptions): MaybePromise<Version | undefined> {
      assertNotAborted(call);
      const parsed = rules.parse(record);
      const version = createVersion(random);
      const { expiresAt } = parsed;
      const times = [
        parsed.touchedAt ?? null,
        expiresAt ?? null,
        expiresAt === undefined ? null : sweepAt(expiresAt),
      ] as const;
      const written = insert.run(parsed.id, version, parsed.createdAt, ...times, recordData(parsed), clock());
      return andThen(written, (count) => (count > 0 ? version : undefined));
    },

    get(id: string, call?: CallOptions): MaybePromise<Stored<T> | undefined> {
      if (call !== undefined) assertNotAborted(call);
      return isStorageKey(id) ? read(id) : undefined;
    },

    update(id: string, version: Version, record: T, call?: CallOptions): MaybePromise<Version | undefined> {
      assertNotAborted(call);
      const parsed = rules.parse(record);
      if (parsed.id !== id) throw invalidRecord(rules.name, 'the record to update has another id.');
      const following = createVersion(random);
      const { expiresAt } = parsed;
      const touchedAt = parsed.touchedAt ?? null;
      const times: SqliteValue[] = [
        touchedAt,
        touchedAt,
        expiresAt ?? null,
        expiresAt === undefined ? null : sweepAt(expiresAt),
      ];
      const identity = rules.indexes.map((index) => (indexValue(parsed, index) as string | undefined) ?? null);
      const values = [recordData(parsed), id, version, clock(), parsed.createdAt, ...identity];
      return andThen(set.run(following, ...times, ...values), (count): MaybePromise<Version | undefined> => {
        if (count > 0) return following;
        return andThen(read(id), (current) => {
          // Same version, same data: if nothing was set, then because the caller would change what never changes.
          if (current?.version === version) rules.assertSameIdentity(current.record, parsed);
          return undefined;
        });
      });
    },

    touch(touches: readonly Touch[], call?: CallOptions): MaybePromise<void> {
      assertNotAborted(call);
      checkTouches(rules.name, touches);
      const entries = latest(touches);
      const touchFrom = (start: number): MaybePromise<void> => {
        if (start >= entries.length) return undefined;
        const batch = JSON.stringify(entries.slice(start, start + touchBatch));
        return andThen(touchAll.run(batch, clock()), () => touchFrom(start + touchBatch));
      };
      return touchFrom(0);
    },

    take(id: string, call?: CallOptions): MaybePromise<T | undefined> {
      assertNotAborted(call);
      if (!isStorageKey(id)) return undefined;
      return andThen(removeRead.all(id), ([row]) => (row && storedOf(id, row))?.record);
    },

    delete(id: string, call?: CallOptions & { readonly version?: Version }): MaybePromise<boolean> {
      assertNotAborted(call);
      if (!isStorageKey(id)) return false;
      const rows = call?.version === undefined ? remove.all(id) : removeVersion.all(id, call.version);
      return andThen(rows, ([row]) => row !== undefined && wasLiving(row));
    },

    list({ index, value, cursor, limit }: ListQuery<T>, call?: CallOptions): MaybePromise<Page<Stored<T>>> {
      assertNotAborted(call);
      checkLimit(limit);
      rules.assertIndex(index);
      const from = cursor === undefined ? undefined : decodeCursor(cursor);
      if (!isStorageKey(value)) return { items: [] };
      // One more than asked for tells whether there is another page.
      const rows =
        from === undefined
          ? first.get(index)?.all(value, clock(), limit + 1)
          : next.get(index)?.all(value, clock(), from.createdAt, from.id, limit + 1);
      return andThen(rows ?? [], (found) => page(found, limit));
    },

    deleteWhere(
      index: StringField<T>,
      value: string,
      call?: CallOptions & { readonly except?: string },
    ): MaybePromise<number> {
      assertNotAborted(call);
      rules.assertIndex(index);
      if (!isStorageKey(value)) return 0;
      const removed = removeWhere.get(index)?.all(value, call?.except ?? null) ?? [];
      return andThen(removed, (rows) => rows.filter(wasLiving).length);
    },

    scan({ cursor, limit }: ScanQuery, call?: CallOptions): MaybePromise<Page<Stored<T>>> {
      assertNotAborted(call);
      checkLimit(limit);
      const from = cursor === undefined ? '' : decodeCursor(cursor).id;
      return andThen(scan.all(from, clock(), limit + 1), (rows) => page(rows, limit));
    },

    deleteExpired(limit: number, call?: CallOptions): MaybePromise<number> {
      assertNotAborted(call);
      checkBatch(limit);
      return sweep.run(clock(), limit);
    },
  });
}

function decode<T extends StoredRecord>(row: Row): Stored<T> {
  return unpackRecord<T>(text(row, 'id'), text(row, 'packed'));
}

// One entry for each id, since an UPDATE that matches a row twice takes either. Ids that could not exist are absent.
function latest(touches: readonly Touch[]): readonly (readonly [string, number, number | null])[] {
  const merged = new Map<string, readonly [string, number, number | null]>();
  for (const { id, touchedAt, expiresAt } of touches) {
    if (!isStorageKey(id)) continue;
    const before = merged.get(id);
    const until = Math.max(before?.[2] ?? 0, expiresAt ?? 0);
    merged.set(id, [id, Math.max(before?.[1] ?? 0, touchedAt), until === 0 ? null : until]);
  }
  return [...merged.values()];
}
