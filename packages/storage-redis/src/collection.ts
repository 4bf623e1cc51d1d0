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
  checkBatch,
  checkLimit,
  checkTouches,
  createVersion,
  decodeCursor,
  encodeCursor,
  indexValue,
  invalidRecord,
  isStorageKey,
} from '@portcullis/core/storage';
import { createDirectory } from './directory.js';
import { type Database, get, integer, list as listOf, optionalText, send, text, within } from './driver.js';
import {
  type Entry,
  type Kept,
  birthTime,
  bucketText,
  collectionKeys,
  createBirth,
  decodeFiling,
  decodeMember,
  decodeRecord,
  directoryMember,
  encodeData,
  encodeRecord,
  expiryText,
  indexMember,
  shardOf,
  timeText,
  touchText,
} from './layout.js';
import type { IndexRegistry } from './migrations.js';
import type { RecordScripts } from './scripts.js';

/** What the collections of one storage share. */
export interface CollectionContext {
  readonly database: Database;
  readonly prefix: string;
  readonly clock: Clock;
  readonly random: Random | undefined;
  readonly scripts: RecordScripts;
  readonly registry: IndexRegistry;
}

/** A collection, and what else the storage asks of it. */
export interface RedisCollection<T extends StoredRecord> {
  readonly collection: Collection<T>;
  /** Files every record under each of its indexes, also where a release wrote it that did not know of them. */
  fileAll(): Promise<void>;
}

/** The set, as its key and member, that names a record. */
export interface Naming {
  readonly key: string;
  readonly member: string;
}

// Redis removes by itself only what nobody swept for a day: the indexes would keep naming it.
const slackMs = 86_400_000;
// An entry without a record may be that of a create under way. By then it is not, however the clocks of the processes differ.
const orphanMs = 3_600_000;
const batch = 500;
// So many batches without a living record end a page early.
const maxRounds = 20;

/**
 * A collection of one string for each record, named by a directory and by a sorted set for each value of an index.
 *
 * A record changes by one script on its key. It is named before it is there and until after it is gone, so a name may be of no record, and
 * each reader checks, but no record is ever without its names. A name is that of one `create` alone: removing it harms no other.
 */
export function createCollection<T extends StoredRecord>(
  rules: RecordRules<T>,
  context: CollectionContext,
): RedisCollection<T> {
  const { database, clock, random, scripts, registry } = context;
  const keys = collectionKeys(context.prefix, rules.name);

  const lifetime = (expiresAt: number | undefined): string =>
    // From now, not until then: a process whose clock is wrong, or stands still, has its own time.
    expiresAt === undefined ? '' : String(Math.max(0, expiresAt - clock()) + slackMs);

  const isLiving = ({ expiresAt }: StoredRecord): boolean => expiresAt === undefined || expiresAt > clock();

  const decodeFound = (id: string, found: unknown): Kept<T> | undefined => {
    const string = optionalText(found);
    return string === undefined ? undefined : decodeRecord<T>(id, string);
  };

  const load = async (id: string): Promise<Kept<T> | undefined> => {
    return decodeFound(id, await get(database, keys.record(id)));
  };

  const indexNames = (record: T, birth: string): readonly Naming[] =>
    rules.indexes.flatMap((index) => {
      const value = indexValue(record, index) as string | undefined;
      return value === undefined ? [] : [{ key: keys.index(index, value), member: indexMember(record, birth) }];
    });

  const names = (record: T, birth: string, filed: string): readonly Naming[] => [
    ...indexNames(record, birth),
    { key: keys.directory(shardOf(record.id)), member: directoryMember(filed, record.id, birth) },
  ];

  const add = (naming: readonly Naming[]): Promise<unknown> =>
    Promise.all(naming.map(({ key, member }) => send(database, key, ['ZADD', key, '0', member])));

  const unname = (naming: readonly Naming[]): Promise<unknown> =>
    Promise.all(naming.map(({ key, member }) => send(database, key, ['ZREM', key, member])));

  // What names no record any more is filtered by every reader, so nobody waits for its removal, and a failure is mended by a later one.
  const forget = (naming: readonly Naming[]): void => {
    unname(naming).then(undefined, () => undefined);
  };

  const isOrphan = (birth: string): boolean => birthTime(birth) + orphanMs < clock();

  const remove = async (
    id: string,
    { version = '', birth = '' }: { readonly version?: string; readonly birth?: string },
  ): Promise<{ readonly kept: Kept<T>; readonly living: boolean } | undefined> => {
    const [state, removed] = listOf(await scripts.remove.run(keys.record(id), [timeText(clock()), version, birth, '']));
    if (integer(state) === 0) return undefined;
    const kept = decodeRecord<T>(id, text(removed));
    forget(names(kept.stored.record, kept.birth, kept.filed));
    return { kept, living: integer(state) === 1 };
  };

  const directory = createDirectory<T>(context, { keys, load, isOrphan, indexNames, add, unname, forget });

  const range = async (
    key: string,
    from: string,
    [direction, limit]: readonly ['ascending' | 'descending', number],
  ): Promise<readonly Entry[]> => {
    const bounds = direction === 'ascending' ? ['ZRANGEBYLEX', key, from, '+'] : ['ZREVRANGEBYLEX', key, from, '-'];
    const members = listOf(await send(database, key, [...bounds, 'LIMIT', '0', String(limit)]));
    return members.map((member) => decodeMember(text(member), 16));
  };

  const collection: Collection<T> = {
    create(record: T, call?: CallOptions): Promise<Version | undefined> {
      return within(database, call, async () => {
        const parsed = rules.parse(record);
        const version = createVersion(random);
        const birth = createBirth(clock(), version);
        const naming = names(parsed, birth, bucketText(parsed.expiresAt));
        await add(naming);
        const [created, replaced] = listOf(
          await scripts.create.run(keys.record(parsed.id), [
            timeText(clock()),
            version,
            encodeRecord(parsed, version, birth),
            lifetime(parsed.expiresAt),
          ]),
        );
        if (integer(created) === 0) {
          forget(naming);
          return undefined;
        }
        if (typeof replaced === 'string' && replaced !== '') {
          const old = decodeRecord<T>(parsed.id, replaced);
          forget(names(old.stored.record, old.birth, old.filed));
        }
        return version;
      });
    },

    get(id: string, call?: CallOptions): MaybePromise<Stored<T> | undefined> {
      const visible = (kept: Kept<T> | undefined): Stored<T> | undefined =>
        kept !== undefined && isLiving(kept.stored.record) ? kept.stored : undefined;
      if (call !== undefined)
        return within(database, call, async () => (isStorageKey(id) ? visible(await load(id)) : undefined));
      if (!isStorageKey(id)) return undefined;
      // What is read most is read with no more than one promise of our own.
      return database.deadlines.wait(get(database, keys.record(id)), (found) => visible(decodeFound(id, found)));
    },

    update(id: string, version: Version, record: T, call?: CallOptions): Promise<Version | undefined> {
      return within(database, call, async () => {
        const parsed = rules.parse(record);
        if (parsed.id !== id) throw invalidRecord(rules.name, 'the record to update has another id.');
        const next = createVersion(random);
        const { createdAt, expiresAt, touchedAt } = parsed;
        const identity = rules.indexes.flatMap((index) => [
          index,
          (indexValue(parsed, index) as string | undefined) ?? '',
        ]);
        const [state, before] = listOf(
          await scripts.update.run(keys.record(id), [
            timeText(clock()),
            String(version),
            next,
            timeText(createdAt),
            expiryText(expiresAt),
            touchText(touchedAt),
            lifetime(expiresAt),
            encodeData(parsed),
            ...identity,
          ]),
        );
        if (integer(state) === 0) return undefined;
        if (integer(state) === -1) {
          rules.assertSameIdentity(decodeRecord<T>(id, text(before)).stored.record, parsed);
          return undefined;
        }
        // A later expiry is found out when its old hour is swept; an earlier one would be swept too late.
        const { birth, filed } = decodeFiling(text(before));
        const bucket = bucketText(expiresAt);
        if (bucket < filed) await directory.refile({ id, birth }, filed, bucket);
        return next;
      });
    },

    touch(touches: readonly Touch[], call?: CallOptions): Promise<void> {
      return within(database, call, async () => {
        checkTouches(rules.name, touches);
        const now = timeText(clock());
        const entries = touches.filter(({ id }) => isStorageKey(id));
        for (let start = 0; start < entries.length; start += batch) {
          await Promise.all(
            entries.slice(start, start + batch).map(({ id, touchedAt, expiresAt }) => {
              const until = expiresAt === undefined ? '' : timeText(expiresAt);
              return scripts.touch.run(keys.record(id), [now, timeText(touchedAt), until, lifetime(expiresAt)]);
            }),
          );
        }
      });
    },

    take(id: string, call?: CallOptions): Promise<T | undefined> {
      return within(database, call, async () => {
        const removed = isStorageKey(id) ? await remove(id, {}) : undefined;
        return removed?.living === true ? removed.kept.stored.record : undefined;
      });
    },

    delete(id: string, call?: CallOptions & { readonly version?: Version }): Promise<boolean> {
      return within(database, call, async () => {
        const { version } = call ?? {};
        // '' stands for any version, which is not what the caller of a version means.
        if (!isStorageKey(id) || version === '') return false;
        return (await remove(id, version === undefined ? {} : { version }))?.living === true;
      });
    },

    list({ index, value, cursor, limit }: ListQuery<T>, call?: CallOptions): Promise<Page<Stored<T>>> {
      return within(database, call, async () => {
        checkLimit(limit);
        rules.assertIndex(index);
        const start = cursor === undefined ? undefined : decodeCursor(cursor);
        if (!isStorageKey(value)) return { items: [] };
        await registry.assertBuilt(rules.name, index);
        const key = keys.index(index, value);
        const items: Stored<T>[] = [];
        let from = start === undefined ? '+' : `(${timeText(start.createdAt)}${start.id}`;
        let last: Entry | undefined;
        for (let round = 0; round < maxRounds; round += 1) {
          // One more than asked for tells whether there is another page.
          const wanted = limit + 1 - items.length;
          const entries = await range(key, from, ['descending', wanted]);
          const found = await Promise.all(entries.map(({ id }) => load(id)));
          for (const [at, entry] of entries.entries()) {
            const kept = found[at];
            if (kept?.birth !== entry.birth) {
              if (isOrphan(entry.birth)) forget([{ key, member: entry.member }]);
            } else if (isLiving(kept.stored.record)) items.push(kept.stored);
          }
          if (items.length > limit) {
            const page = items.slice(0, limit);
            return { items: page, cursor: encodeCursor((page.at(-1) as Stored<T>).record) };
          }
          if (entries.length < wanted) return { items };
          last = entries.at(-1);
          from = `(${last?.member}`;
        }
        return { items, ...(last === undefined ? {} : { cursor: encodeCursor(last) }) };
      });
    },

    deleteWhere(
      index: StringField<T>,
      value: string,
      call?: CallOptions & { readonly except?: string },
    ): Promise<number> {
      return within(database, call, async () => {
        rules.assertIndex(index);
        if (!isStorageKey(value)) return 0;
        await registry.assertBuilt(rules.name, index);
        const key = keys.index(index, value);
        let deleted = 0;
        let from = '-';
        for (;;) {
          const entries = await range(key, from, ['ascending', batch]);
          const doomed = entries.filter(({ id }) => id !== call?.except);
          const removed = await Promise.all(doomed.map(({ id, birth }) => remove(id, { birth })));
          for (const [at, { birth, member }] of doomed.entries()) {
            if (removed[at]?.living === true) deleted += 1;
            if (removed[at] === undefined && isOrphan(birth)) forget([{ key, member }]);
          }
          if (entries.length < batch) return deleted;
          from = `(${entries.at(-1)?.member}`;
        }
      });
    },

    scan({ cursor, limit }: ScanQuery, call?: CallOptions): Promise<Page<Stored<T>>> {
      return within(database, call, async () => {
        checkLimit(limit);
        return directory.scan(cursor, limit);
      });
    },

    deleteExpired(limit: number, call?: CallOptions): Promise<number> {
      return within(database, call, async () => {
        checkBatch(limit);
        return directory.sweep(limit);
      });
    },
  };

  return Object.freeze({ collection: Object.freeze(collection), fileAll: directory.fileAll });
}
