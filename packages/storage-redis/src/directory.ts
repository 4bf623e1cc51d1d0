import {
  type Page,
  type Stored,
  type StoredRecord,
  CoreError,
  decodeCursor,
  encodeCursor,
} from '@portcullis/core/storage';
import type { CollectionContext, Naming } from './collection.js';
import { integer, list as listOf, send, text } from './driver.js';
import {
  type CollectionKeys,
  type Entry,
  type Kept,
  bucketText,
  decodeFiling,
  decodeMember,
  decodeRecord,
  directoryMember,
  pastMember,
  runningBucket,
  shardOf,
  shards,
  timeText,
} from './layout.js';

/** What a collection and its directory share. */
export interface DirectoryParts<T extends StoredRecord> {
  readonly keys: CollectionKeys;
  readonly load: (id: string) => Promise<Kept<T> | undefined>;
  readonly isOrphan: (birth: string) => boolean;
  readonly indexNames: (record: T, birth: string) => readonly Naming[];
  readonly add: (naming: readonly Naming[]) => Promise<unknown>;
  readonly unname: (naming: readonly Naming[]) => Promise<unknown>;
  /** As `unname`, but nobody waits for it. */
  readonly forget: (naming: readonly Naming[]) => void;
}

/** All records of a collection by the hour in which they may be swept. */
export interface Directory<T extends StoredRecord> {
  scan(cursor: string | undefined, limit: number): Promise<Page<Stored<T>>>;
  sweep(limit: number): Promise<number>;
  fileAll(): Promise<void>;
  /** Moves a record to another hour; it is in one of the two at any moment. */
  refile(record: { readonly id: string; readonly birth: string }, from: string, to: string): Promise<void>;
}

interface Place {
  readonly shard: number;
  readonly from: string;
}

const bucketWidth = 10;
const walkBatch = 500;
// Commands that are sent at once are served before anybody else's: a sweep sends few.
const sweepBatch = 16;
// A cursor of a scan carries its shard and its hour in the place of a time.
const hoursPerShard = 10 ** bucketWidth;

/** The directory of one collection: sorted sets whose entries are the hour, the id and the birth of each record. */
export function createDirectory<T extends StoredRecord>(
  { database, clock, scripts }: CollectionContext,
  { keys, load, isOrphan, indexNames, add, unname, forget }: DirectoryParts<T>,
): Directory<T> {
  const entriesOf = async (
    shard: number,
    from: string,
    [to, limit]: readonly [string, number],
  ): Promise<readonly Entry[]> => {
    const key = keys.directory(shard);
    const members = listOf(await send(database, key, ['ZRANGEBYLEX', key, from, to, 'LIMIT', '0', String(limit)]));
    return members.map((member) => decodeMember(text(member), bucketWidth));
  };

  const nameOf = ({ id, member }: Entry): Naming => ({ key: keys.directory(shardOf(id)), member });

  const refile: Directory<T>['refile'] = async ({ id, birth }, from, to) => {
    const key = keys.directory(shardOf(id));
    const [old, next] = [from, to].map((bucket) => ({ key, member: directoryMember(bucket, id, birth) }));
    if (old === undefined || next === undefined) return;
    await add([next]);
    const moved = integer(await scripts.file.run(keys.record(id), [timeText(clock()), birth, to]));
    await unname([moved === 1 ? old : next]);
  };

  // Whether an expired record, or what was left of one, is gone by this. Waited for: whoever sweeps until nothing is due must come to an end.
  const sweepOne = async (entry: Entry): Promise<boolean> => {
    const { id, birth, member } = entry;
    const [state, found] = listOf(await scripts.remove.run(keys.record(id), [timeText(clock()), '', birth, 'expired']));
    switch (integer(state)) {
      case 0:
        await unname([nameOf(entry)]);
        return true;
      case 2:
        await unname([nameOf(entry), ...indexNames(decodeRecord<T>(id, text(found)).stored.record, birth)]);
        return true;
      default: {
        const { filed, expiresAt } = decodeFiling(text(found));
        if (filed === member.slice(0, bucketWidth)) await refile({ id, birth }, filed, bucketText(expiresAt));
        // Left by a process that ended while it filed the record elsewhere.
        else await unname([nameOf(entry)]);
        return false;
      }
    }
  };

  // Walks on from a place, over so many entries that `limit` records are found or the end is reached.
  const walk = async (
    place: Place,
    limit: number,
    visit: (kept: Kept<T>) => void,
  ): Promise<{ readonly next: Entry | undefined; readonly done: boolean }> => {
    let { shard, from } = place;
    let found = 0;
    let next: Entry | undefined;
    while (shard < shards) {
      const wanted = limit - found;
      const entries = await entriesOf(shard, from, ['+', wanted]);
      const records = await Promise.all(entries.map(({ id }) => load(id)));
      for (const [at, entry] of entries.entries()) {
        const kept = records[at];
        if (kept?.birth === entry.birth && kept.filed === entry.member.slice(0, bucketWidth)) {
          visit(kept);
          found += 1;
        } else if (kept?.birth !== entry.birth && isOrphan(entry.birth)) forget([nameOf(entry)]);
      }
      next = entries.at(-1) ?? next;
      if (found >= limit) return { next, done: false };
      if (entries.length < wanted) {
        shard += 1;
        from = '-';
      } else from = `(${next?.member}`;
    }
    return { next, done: true };
  };

  const pageFrom = (cursor: string | undefined): Place => {
    if (cursor === undefined) return { shard: 0, from: '-' };
    const { createdAt, id } = decodeCursor(cursor);
    const shard = Math.floor(createdAt / hoursPerShard);
    if (shard !== shardOf(id))
      throw new CoreError('invalid_cursor', 'The cursor is not one that a scan gave. Start again without it.');
    const bucket = String(createdAt % hoursPerShard).padStart(bucketWidth, '0');
    return { shard, from: pastMember(bucket, id) };
  };

  return Object.freeze({
    async scan(cursor: string | undefined, limit: number): Promise<Page<Stored<T>>> {
      const items: Stored<T>[] = [];
      const { next, done } = await walk(pageFrom(cursor), limit, ({ stored }) => {
        const { expiresAt } = stored.record;
        if (expiresAt === undefined || expiresAt > clock()) items.push(stored);
      });
      if (done || next === undefined) return { items };
      // For a directory, the time of an entry is its hour.
      return {
        items,
        cursor: encodeCursor({ createdAt: shardOf(next.id) * hoursPerShard + next.createdAt, id: next.id }),
      };
    },

    async sweep(limit: number): Promise<number> {
      const due = ['-', [`(${runningBucket(clock())}`, Math.ceil(limit / shards)]] as const;
      for (;;) {
        const found = await Promise.all(Array.from({ length: shards }, (_, shard) => entriesOf(shard, ...due)));
        const entries = found.flat().slice(0, limit);
        if (entries.length === 0) return 0;
        let deleted = 0;
        for (let start = 0; start < entries.length; start += sweepBatch) {
          const swept = await Promise.all(entries.slice(start, start + sweepBatch).map(sweepOne));
          deleted += swept.filter(Boolean).length;
        }
        // When all of them were living, and are filed elsewhere by now, others are due still.
        if (deleted > 0) return deleted;
      }
    },

    async fileAll(): Promise<void> {
      let place: Place = { shard: 0, from: '-' };
      for (;;) {
        const naming: Naming[] = [];
        const { next, done } = await walk(place, walkBatch, ({ stored, birth }) => {
          naming.push(...indexNames(stored.record, birth));
        });
        await add(naming);
        if (done || next === undefined) return;
        place = { shard: shardOf(next.id), from: `(${next.member}` };
      }
    },

    refile,
  });
}
