import {
  type CallOptions,
  type Clock,
  type Collection,
  type ListQuery,
  type Page,
  type Random,
  type RecordRules,
  type ScanQuery,
  type Stored,
  type StoredRecord,
  type StringField,
  type Touch,
  type Version,
  assertNotAborted,
  checkBatch,
  checkLimit,
  checkTouches,
  createVersion,
  decodeCursor,
  encodeCursor,
  indexValue,
  invalidRecord,
  isStorageKey,
  recordData,
  sweepAt,
  sweepWidthMs,
  unpackRecord,
} from '@portcullis/core/storage';
import { type Database, type Query, type Row, createQuery, integer, text } from './driver.js';
import { type Place, indexExpression, qualified } from './migrations.js';

/** What the collections of one storage share. */
export interface CollectionContext {
  readonly database: Database;
  readonly place: Place;
  readonly clock: Clock;
  readonly random: Random | undefined;
}

// One UPDATE takes them as one JSON text.
const touchBatch = 5000;

// As `unpackRecord` reads it. concat() passes over null.
const packed = `concat("version", ' ', "created_at", ' ', "touched_at", ' ', "expires_at", ' ', "data"::text)`;
const columns = `"id", ${packed}`;
const living = (now: string): string => `("expires_at" IS NULL OR "expires_at" > ${now})`;

/** A collection in a table of its own. Every call is one statement, so that each is atomic between processes without a transaction. */
export function createCollection<T extends StoredRecord>(
  rules: RecordRules<T>,
  context: CollectionContext,
): Collection<T> {
  const { clock, random, database, place } = context;
  const table = qualified(place, `${place.prefix}${rules.name}`);
  const query = (sql: string): Query => createQuery(database, sql);
  const perIndex = (sql: (value: string) => string): ReadonlyMap<string, Query> =>
    new Map(rules.indexes.map((index) => [index, query(sql(indexExpression(index)))]));

  const select = query(`SELECT ${packed} FROM ${table} WHERE "id" = $1`);
  // Text, then json: a driver that knows the parameter to be json would encode the text once more.
  const insert = query(
    `INSERT INTO ${table} AS "r" ("id", "version", "created_at", "touched_at", "expires_at", "sweep_at", "data")
     VALUES ($1, $2, $3, $4, $5, $6, $7::text::json)
     ON CONFLICT ("id") DO UPDATE SET "version" = excluded."version", "created_at" = excluded."created_at", "touched_at" = excluded."touched_at",
       "expires_at" = excluded."expires_at", "sweep_at" = excluded."sweep_at", "data" = excluded."data"
     WHERE "r"."expires_at" <= $8`,
  );
  const same = rules.indexes
    .map((index, at) => ` AND ${indexExpression(index)} IS NOT DISTINCT FROM $${at + 10}`)
    .join('');
  // greatest() passes over null: of a touch and an update the later time stays.
  const set = query(
    `UPDATE ${table} SET "version" = $1, "touched_at" = greatest("touched_at", $2), "expires_at" = $3, "sweep_at" = $4, "data" = $5::text::json
     WHERE "id" = $6 AND "version" = $7 AND ${living('$8')} AND "created_at" = $9${same}`,
  );
  const moved = 'greatest("r"."expires_at", "t"."e")';
  const touchAll = query(
    `UPDATE ${table} AS "r" SET "touched_at" = greatest("r"."touched_at", "t"."t"),
       "expires_at" = CASE WHEN "r"."expires_at" IS NOT NULL THEN ${moved} END,
       "sweep_at" = CASE WHEN "r"."expires_at" IS NOT NULL THEN (${moved} + ${sweepWidthMs - 1}) / ${sweepWidthMs} * ${sweepWidthMs} END
     FROM json_to_recordset($1::text::json) AS "t" ("i" text COLLATE "C", "t" bigint, "e" bigint)
     WHERE "r"."id" = "t"."i" AND ("r"."expires_at" IS NULL OR "r"."expires_at" > $2)`,
  );
  const take = query(`DELETE FROM ${table} WHERE "id" = $1 RETURNING ${columns}`);
  const remove = query(`DELETE FROM ${table} WHERE "id" = $1 RETURNING "expires_at"`);
  const removeVersion = query(`DELETE FROM ${table} WHERE "id" = $1 AND "version" = $2 RETURNING "expires_at"`);
  // The expired go too: a process whose clock is behind must not see them still. They are not counted.
  const removeWhere = perIndex(
    (value) =>
      `WITH "gone" AS (DELETE FROM ${table} WHERE ${value} = $1 AND "id" IS DISTINCT FROM $2 RETURNING "expires_at")
       SELECT count(*) FILTER (WHERE ${living('$3')}) FROM "gone"`,
  );
  const order = (limit: string): string => `ORDER BY "created_at" DESC, "id" DESC LIMIT ${limit}`;
  const first = perIndex(
    (value) => `SELECT ${columns} FROM ${table} WHERE ${value} = $1 AND ${living('$2')} ${order('$3')}`,
  );
  const next = perIndex(
    (value) =>
      `SELECT ${columns} FROM ${table} WHERE ${value} = $1 AND ${living('$2')} AND ("created_at", "id") < ($3, $4) ${order('$5')}`,
  );
  const scan = query(`SELECT ${columns} FROM ${table} WHERE "id" > $1 AND ${living('$2')} ORDER BY "id" LIMIT $3`);
  // Rows that another sweep or a touch has in hand are left to the next one. It begins where the last one ended: until a vacuum, what was
  // deleted stands in the index still, and each batch would pass over all of it. A row is found by its place, and known by its id, since
  // partitions have the same places.
  const sweep = query(
    `WITH "due" AS MATERIALIZED (
       SELECT "ctid", "id" FROM ${table} WHERE ("sweep_at", "created_at") >= ($3, $4) AND "sweep_at" <= $1
       ORDER BY "sweep_at", "created_at" LIMIT $2 FOR UPDATE SKIP LOCKED),
     "gone" AS (DELETE FROM ${table} WHERE "ctid" = ANY (ARRAY(SELECT "ctid" FROM "due")) AND "id" IN (SELECT "id" FROM "due")
       AND "sweep_at" <= $1 RETURNING "sweep_at", "created_at")
     SELECT count(*), max("sweep_at"), (array_agg("created_at" ORDER BY "sweep_at" DESC, "created_at" DESC))[1] FROM "gone"`,
  );
  const start = [0, 0] as const;
  let from: readonly [number, number] = start;

  const sweepFrom = async (place: readonly [number, number], limit: number, call: CallOptions | undefined) => {
    const [row] = await sweep.rows([clock(), limit, ...place], call);
    const gone = integer(row?.[0]);
    // At the end the next one begins anew: with what was locked, and what came in behind.
    from = gone < limit ? start : [integer(row?.[1]), integer(row?.[2])];
    return gone;
  };

  const isLiving = ({ expiresAt }: StoredRecord): boolean => expiresAt === undefined || expiresAt > clock();

  const read = (id: string, call: CallOptions | undefined): Promise<Stored<T> | undefined> =>
    select.read([id], call, ([row]) => {
      const stored = row && unpackRecord<T>(id, text(row[0]));
      return stored !== undefined && isLiving(stored.record) ? stored : undefined;
    });

  const page = (rows: readonly Row[], limit: number): Page<Stored<T>> => {
    const items = rows.slice(0, limit).map((row) => decode<T>(row));
    const last = items.at(-1);
    return rows.length > limit && last !== undefined ? { items, cursor: encodeCursor(last.record) } : { items };
  };

  return Object.freeze({
    async create(record: T, call?: CallOptions): Promise<Version | undefined> {
      const parsed = rules.parse(record);
      const version = createVersion(random);
      const values = [parsed.id, version, parsed.createdAt, ...times(parsed), recordData(parsed), clock()];
      return (await insert.count(values, call)) > 0 ? version : undefined;
    },

    get(id: string, call?: CallOptions): Promise<Stored<T> | undefined> | undefined {
      if (call !== undefined) assertNotAborted(call);
      return isStorageKey(id) ? read(id, call) : undefined;
    },

    async update(id: string, version: Version, record: T, call?: CallOptions): Promise<Version | undefined> {
      const parsed = rules.parse(record);
      if (parsed.id !== id) throw invalidRecord(rules.name, 'the record to update has another id.');
      const following = createVersion(random);
      const identity = rules.indexes.map((index) => (indexValue(parsed, index) as string | undefined) ?? null);
      const values = [
        following,
        ...times(parsed),
        recordData(parsed),
        id,
        version,
        clock(),
        parsed.createdAt,
        ...identity,
      ];
      if ((await set.count(values, call)) > 0) return following;
      const current = await read(id, call);
      // Same version, same data: if nothing was set, then because the caller would change what never changes.
      if (current?.version === version) rules.assertSameIdentity(current.record, parsed);
      return undefined;
    },

    async touch(touches: readonly Touch[], call?: CallOptions): Promise<void> {
      assertNotAborted(call);
      checkTouches(rules.name, touches);
      const entries = latest(touches);
      for (let start = 0; start < entries.length; start += touchBatch) {
        await touchAll.count([JSON.stringify(entries.slice(start, start + touchBatch)), clock()], call);
      }
    },

    async take(id: string, call?: CallOptions): Promise<T | undefined> {
      assertNotAborted(call);
      const [row] = isStorageKey(id) ? await take.rows([id], call) : [];
      const taken = row && decode<T>(row).record;
      return taken !== undefined && isLiving(taken) ? taken : undefined;
    },

    async delete(id: string, call?: CallOptions & { readonly version?: Version }): Promise<boolean> {
      assertNotAborted(call);
      if (!isStorageKey(id)) return false;
      const version = call?.version;
      const [row] = await (version === undefined ? remove.rows([id], call) : removeVersion.rows([id, version], call));
      return row !== undefined && (row[0] === null || integer(row[0]) > clock());
    },

    async list({ index, value, cursor, limit }: ListQuery<T>, call?: CallOptions): Promise<Page<Stored<T>>> {
      assertNotAborted(call);
      checkLimit(limit);
      rules.assertIndex(index);
      const from = cursor === undefined ? undefined : decodeCursor(cursor);
      if (!isStorageKey(value)) return { items: [] };
      // One more than asked for tells whether there is another page.
      const rows =
        from === undefined
          ? await first.get(index)?.rows([value, clock(), limit + 1], call)
          : await next.get(index)?.rows([value, clock(), from.createdAt, from.id, limit + 1], call);
      return page(rows ?? [], limit);
    },

    async deleteWhere(
      index: StringField<T>,
      value: string,
      call?: CallOptions & { readonly except?: string },
    ): Promise<number> {
      assertNotAborted(call);
      rules.assertIndex(index);
      if (!isStorageKey(value)) return 0;
      const rows = await removeWhere.get(index)?.rows([value, call?.except ?? null, clock()], call);
      return integer(rows?.[0]?.[0]);
    },

    async scan({ cursor, limit }: ScanQuery, call?: CallOptions): Promise<Page<Stored<T>>> {
      assertNotAborted(call);
      checkLimit(limit);
      const from = cursor === undefined ? '' : decodeCursor(cursor).id;
      return page(await scan.rows([from, clock(), limit + 1], call), limit);
    },

    async deleteExpired(limit: number, call?: CallOptions): Promise<number> {
      assertNotAborted(call);
      checkBatch(limit);
      const place = from;
      const gone = await sweepFrom(place, limit, call);
      return gone > 0 || place === start ? gone : sweepFrom(start, limit, call);
    },
  });
}

function times({ touchedAt, expiresAt }: StoredRecord): readonly (number | null)[] {
  return [touchedAt ?? null, expiresAt ?? null, expiresAt === undefined ? null : sweepAt(expiresAt)];
}

function decode<T extends StoredRecord>([id, whole]: Row): Stored<T> {
  return unpackRecord<T>(text(id), text(whole));
}

interface Entry {
  readonly i: string;
  readonly t: number;
  readonly e: number | null;
}

// One entry for each id, since an UPDATE that matches a row twice takes either. Ids that could not exist are absent.
// In one order for all, so that two that touch the same rows rarely wait for each other.
function latest(touches: readonly Touch[]): readonly Entry[] {
  const merged = new Map<string, Entry>();
  for (const { id, touchedAt, expiresAt } of touches) {
    if (!isStorageKey(id)) continue;
    const before = merged.get(id);
    const until = Math.max(before?.e ?? 0, expiresAt ?? 0);
    merged.set(id, { i: id, t: Math.max(before?.t ?? 0, touchedAt), e: until === 0 ? null : until });
  }
  return [...merged.values()].sort((left, right) => (left.i < right.i ? -1 : 1));
}
