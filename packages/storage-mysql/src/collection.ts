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
  StorageUnavailableError,
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
import { type Database, type Query, type Row, bytes, createQuery, text } from './driver.js';
import { indexColumn, quoted } from './migrations.js';

/** What the collections of one storage share. */
export interface CollectionContext {
  readonly database: Database;
  readonly prefix: string;
  readonly clock: Clock;
  readonly random: Random | undefined;
  readonly maxRecordBytes: number;
}

// One UPDATE takes them as one JSON text.
const touchBatch = 5000;
// Each lost attempt means that another caller has changed the record.
const maxTakes = 1000;

// As `unpackRecord` reads it. CONCAT of a null is null.
const packed =
  "CONCAT(`version`, ' ', `created_at`, ' ', COALESCE(`touched_at`, ''), ' ', COALESCE(`expires_at`, ''), ' ', CAST(`data` AS BINARY))";
const columns = `\`id\`, ${packed}`;
const living = '(`expires_at` IS NULL OR `expires_at` > ?)';
const dead = '`expires_at` <= ?';
const json = 'CONVERT(? USING utf8mb4)';

/**
 * A collection in a table of its own. Every statement is atomic by itself, and none of them needs a transaction: what takes two, since
 * MySQL has no RETURNING, compares what the first has read.
 */
export function createCollection<T extends StoredRecord>(
  rules: RecordRules<T>,
  context: CollectionContext,
): Collection<T> {
  const { clock, random, database, prefix, maxRecordBytes } = context;
  const table = quoted(`${prefix}${rules.name}`);
  const query = (sql: string): Query => createQuery(database, sql);
  const perIndex = (sql: (column: string) => string): ReadonlyMap<string, Query> =>
    new Map(rules.indexes.map((index) => [index, query(sql(quoted(indexColumn(index))))]));

  const select = query(`SELECT ${packed} AS \`packed\` FROM ${table} WHERE \`id\` = ?`);
  // It tells 1 when it replaced an expired record and 2 when the id lives; a plain insert tells nothing. Affected rows would not do: whether
  // a row that stays as it is counts, is a flag of the connection. expires_at is set last, since what follows would see the new value.
  const replace = (name: string): string => `\`${name}\` = IF(${dead}, VALUES(\`${name}\`), \`${name}\`)`;
  const insert = query(
    `INSERT INTO ${table} (\`id\`, \`version\`, \`created_at\`, \`touched_at\`, \`expires_at\`, \`sweep_at\`, \`data\`) VALUES (?, ?, ?, ?, ?, ?, ${json})
     ON DUPLICATE KEY UPDATE \`version\` = IF(LAST_INSERT_ID(IF(${dead}, 1, 2)) = 1, VALUES(\`version\`), \`version\`),
       ${['created_at', 'touched_at', 'sweep_at', 'data', 'expires_at'].map(replace).join(', ')}`,
  );
  const same = rules.indexes.map((index) => ` AND ${quoted(indexColumn(index))} <=> ?`).join('');
  const set = query(
    `UPDATE ${table} SET \`version\` = ?, \`touched_at\` = GREATEST(COALESCE(\`touched_at\`, ?), COALESCE(?, \`touched_at\`)),
       \`expires_at\` = ?, \`sweep_at\` = ?, \`data\` = ${json}
     WHERE \`id\` = ? AND \`version\` = ? AND ${living} AND \`created_at\` = ?${same}`,
  );
  // Assigned twice over, GREATEST gives the same: the servers differ in whether the second expression sees what the first has set.
  const moved = 'GREATEST(`r`.`expires_at`, `t`.`e`)';
  const touchAll = query(
    `UPDATE JSON_TABLE(${json}, '$[*]' COLUMNS (\`i\` VARCHAR(510) PATH '$[0]', \`t\` BIGINT PATH '$[1]', \`e\` BIGINT PATH '$[2]')) AS \`t\`
       STRAIGHT_JOIN ${table} AS \`r\` ON \`r\`.\`id\` = UNHEX(\`t\`.\`i\`)
     SET \`r\`.\`touched_at\` = GREATEST(COALESCE(\`r\`.\`touched_at\`, 0), \`t\`.\`t\`), \`r\`.\`expires_at\` = ${moved},
       \`r\`.\`sweep_at\` = (${moved} + ${sweepWidthMs - 1}) DIV ${sweepWidthMs} * ${sweepWidthMs}
     WHERE \`r\`.\`expires_at\` IS NULL OR \`r\`.\`expires_at\` > ?`,
  );
  const removeLiving = query(`DELETE FROM ${table} WHERE \`id\` = ? AND ${living}`);
  const removeVersion = query(`DELETE FROM ${table} WHERE \`id\` = ? AND ${living} AND \`version\` = ?`);
  const removeRead = query(
    `DELETE FROM ${table} WHERE \`id\` = ? AND \`version\` = ? AND \`touched_at\` <=> ? AND \`expires_at\` <=> ?`,
  );
  // The expired go too: a process whose clock is behind must not see them still. They are not counted.
  const removeDead = query(`DELETE FROM ${table} WHERE \`id\` = ? AND ${dead}`);
  const removeWhere = perIndex(
    (column) => `DELETE FROM ${table} WHERE ${column} = ? AND NOT (\`id\` <=> ?) AND ${living}`,
  );
  const removeDeadWhere = perIndex(
    (column) => `DELETE FROM ${table} WHERE ${column} = ? AND NOT (\`id\` <=> ?) AND ${dead}`,
  );
  const order = 'ORDER BY `created_at` DESC, `id` DESC LIMIT ?';
  const first = perIndex((column) => `SELECT ${columns} FROM ${table} WHERE ${column} = ? AND ${living} ${order}`);
  // (created_at, id) < (?, ?) in the words that both servers find a range in.
  const next = perIndex(
    (column) =>
      `SELECT ${columns} FROM ${table} WHERE ${column} = ? AND ${living} AND \`created_at\` <= ? AND (\`created_at\` < ? OR \`id\` < ?) ${order}`,
  );
  const scan = query(`SELECT ${columns} FROM ${table} WHERE \`id\` > ? AND ${living} ORDER BY \`id\` LIMIT ?`);
  const sweep = query(`DELETE FROM ${table} WHERE \`sweep_at\` <= ? ORDER BY \`sweep_at\` LIMIT ?`);

  // The server would reset the connection, which could not be told from an outage.
  const encoded = (record: T): Uint8Array => {
    const data = bytes(recordData(record));
    if (data.length > maxRecordBytes)
      throw invalidRecord(rules.name, `a record is larger than maxRecordBytes, ${maxRecordBytes}.`);
    return data;
  };

  const isLiving = ({ expiresAt }: StoredRecord): boolean => expiresAt === undefined || expiresAt > clock();

  const readAny = (id: string, call: CallOptions | undefined): Promise<Stored<T> | undefined> =>
    select.read([bytes(id)], call, (found) => (found === undefined ? undefined : unpackRecord<T>(id, text(found))));

  const read = (id: string, call: CallOptions | undefined): Promise<Stored<T> | undefined> =>
    select.read([bytes(id)], call, (found) => {
      if (found === undefined) return undefined;
      const stored = unpackRecord<T>(id, text(found));
      return isLiving(stored.record) ? stored : undefined;
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
      const now = clock();
      const values = [bytes(parsed.id), bytes(version), parsed.createdAt, ...times(parsed), encoded(parsed)];
      const { told } = await insert.write([...values, now, now, now, now, now, now], call);
      return told === 2 ? undefined : version;
    },

    get(id: string, call?: CallOptions): Promise<Stored<T> | undefined> | undefined {
      if (call !== undefined) assertNotAborted(call);
      return isStorageKey(id) ? read(id, call) : undefined;
    },

    async update(id: string, version: Version, record: T, call?: CallOptions): Promise<Version | undefined> {
      const parsed = rules.parse(record);
      if (parsed.id !== id) throw invalidRecord(rules.name, 'the record to update has another id.');
      const following = createVersion(random);
      const identity = rules.indexes.map((index) => {
        const value = indexValue(parsed, index) as string | undefined;
        return value === undefined ? null : bytes(value);
      });
      const written = [bytes(following), parsed.touchedAt ?? null, ...times(parsed), encoded(parsed)];
      const expected = [bytes(id), bytes(version), clock(), parsed.createdAt, ...identity];
      if ((await set.write([...written, ...expected], call)).count > 0) return following;
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
        await touchAll.write([bytes(JSON.stringify(entries.slice(start, start + touchBatch))), clock()], call);
      }
    },

    async take(id: string, call?: CallOptions): Promise<T | undefined> {
      assertNotAborted(call);
      if (!isStorageKey(id)) return undefined;
      const key = bytes(id);
      for (let attempt = 0; attempt < maxTakes; attempt += 1) {
        const stored = await readAny(id, call);
        if (stored === undefined) return undefined;
        const { record, version } = stored;
        // Versions never repeat, so of all who have read this one, one deletes it.
        const times = [record.touchedAt ?? null, record.expiresAt ?? null];
        const { count } = await removeRead.write([key, bytes(version), ...times], call);
        if (count > 0) return isLiving(record) ? record : undefined;
      }
      throw new StorageUnavailableError('Too many callers change one record at once.');
    },

    async delete(id: string, call?: CallOptions & { readonly version?: Version }): Promise<boolean> {
      assertNotAborted(call);
      if (!isStorageKey(id)) return false;
      const [key, now, version] = [bytes(id), clock(), call?.version];
      const { count } = await (version === undefined
        ? removeLiving.write([key, now], call)
        : removeVersion.write([key, now, bytes(version)], call));
      if (count > 0) return true;
      await removeDead.write([key, now], call);
      return false;
    },

    async list({ index, value, cursor, limit }: ListQuery<T>, call?: CallOptions): Promise<Page<Stored<T>>> {
      assertNotAborted(call);
      checkLimit(limit);
      rules.assertIndex(index);
      const from = cursor === undefined ? undefined : decodeCursor(cursor);
      if (!isStorageKey(value)) return { items: [] };
      const key = bytes(value);
      // One more than asked for tells whether there is another page.
      const rows =
        from === undefined
          ? await first.get(index)?.rows([key, clock(), BigInt(limit + 1)], call)
          : await next
              .get(index)
              ?.rows([key, clock(), from.createdAt, from.createdAt, bytes(from.id), BigInt(limit + 1)], call);
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
      const values = [bytes(value), call?.except === undefined ? null : bytes(call.except), clock()];
      const gone = await removeWhere.get(index)?.write(values, call);
      await removeDeadWhere.get(index)?.write(values, call);
      return gone?.count ?? 0;
    },

    async scan({ cursor, limit }: ScanQuery, call?: CallOptions): Promise<Page<Stored<T>>> {
      assertNotAborted(call);
      checkLimit(limit);
      const from = cursor === undefined ? '' : decodeCursor(cursor).id;
      return page(await scan.rows([bytes(from), clock(), BigInt(limit + 1)], call), limit);
    },

    async deleteExpired(limit: number, call?: CallOptions): Promise<number> {
      assertNotAborted(call);
      checkBatch(limit);
      return (await sweep.write([clock(), BigInt(limit)], call)).count;
    },
  });
}

function times({ touchedAt, expiresAt }: StoredRecord): readonly (number | null)[] {
  return [touchedAt ?? null, expiresAt ?? null, expiresAt === undefined ? null : sweepAt(expiresAt)];
}

function decode<T extends StoredRecord>([id, whole]: Row): Stored<T> {
  return unpackRecord<T>(text(id), text(whole));
}

// The id as hex, so that no character set has a say in it; 0 for no expiry.
type Entry = readonly [id: string, touchedAt: number, expiresAt: number];

// One entry for each id, since an UPDATE that matches a row twice takes either. Ids that could not exist are absent.
// In one order for all, so that two that touch the same rows rarely wait for each other.
function latest(touches: readonly Touch[]): readonly Entry[] {
  const merged = new Map<string, Entry>();
  for (const { id, touchedAt, expiresAt } of touches) {
    if (!isStorageKey(id)) continue;
    const before = merged.get(id);
    merged.set(id, [hex(id), Math.max(before?.[1] ?? 0, touchedAt), Math.max(before?.[2] ?? 0, expiresAt ?? 0)]);
  }
  return [...merged.values()].sort((left, right) => (left[0] < right[0] ? -1 : 1));
}

function hex(text: string): string {
  return Buffer.from(text, 'utf8').toString('hex');
}
