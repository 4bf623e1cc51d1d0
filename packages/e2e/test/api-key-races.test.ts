import { type ApiKeys, createApiKeys } from '@portcullis/api-key';
import {
  cached,
  type Collection,
  createMemoryStorage,
  type MaybePromise,
  type Storage,
  type StoredRecord,
} from '@portcullis/core';
import { createSqliteStorage } from '@portcullis/storage-sqlite';
import { requirement } from '@portcullis-internal/testkit';
import Database from 'libsql';
import { describe, expect, it } from 'vitest';

/** A storage whose calls take a few turns before they happen and a few before they answer, other ones each time. */
function slowed(inner: Storage): Storage {
  let seed = 1;
  const pause = async (): Promise<void> => {
    // A small generator, so that a failure can be repeated.
    seed = (seed * 48_271) % 2_147_483_647;
    for (let turn = seed % 5; turn > 0; turn--)
      await (turn % 2 === 0 ? Promise.resolve() : new Promise<void>((resolve) => void setImmediate(resolve)));
  };
  const later = async <R>(work: () => MaybePromise<R>): Promise<R> => {
    await pause();
    const result = await work();
    await pause();
    return result;
  };
  const slow = <T extends StoredRecord>(own: Collection<T>): Collection<T> => ({
    create: (record, call) => later(() => own.create(record, call)),
    get: (id, call) => later(() => own.get(id, call)),
    update: (id, version, record, call) => later(() => own.update(id, version, record, call)),
    touch: (entries, call) => later(() => own.touch(entries, call)),
    take: (id, call) => later(() => own.take(id, call)),
    delete: (id, call) => later(() => own.delete(id, call)),
    list: (query, call) => later(() => own.list(query, call)),
    deleteWhere: (index, value, call) => later(() => own.deleteWhere(index, value, call)),
    scan: (query, call) => later(() => own.scan(query, call)),
    deleteExpired: (limit, call) => later(() => own.deleteExpired(limit, call)),
  });
  return { ...inner, collection: (definition) => slow(inner.collection(definition)) };
}

/** One plaintext and the moments, in steps of one common count, at which its end was begun and acknowledged. */
interface Life {
  readonly text: string;
  endBegan: number;
  endDone: number;
}

interface Tally {
  passed: number;
  refused: number;
  readonly wrong: string[];
}

const day = 86_400_000;

/**
 * 100 keys, used 50 at a time while each is rotated four times (twice with a grace, once without, once more) and then
 * revoked. What may not happen: a request that began after its text's end was acknowledged succeeds; one that ended
 * before its text's end was begun fails.
 */
async function race(keys: ApiKeys<'live' | 'test'>): Promise<Tally> {
  let step = 0;
  const lives: Life[] = [];
  const tally: Tally = { passed: 0, refused: 0, wrong: [] };
  let managing = 100;

  const born = (text: string): Life => {
    const life = { text, endBegan: Infinity, endDone: Infinity };
    lives.push(life);
    return life;
  };
  const end = async <R>(ending: readonly Life[], work: () => Promise<R>): Promise<R> => {
    step += 1;
    for (const life of ending) life.endBegan = Math.min(life.endBegan, step);
    const result = await work();
    step += 1;
    for (const life of ending) life.endDone = Math.min(life.endDone, step);
    return result;
  };

  const issued = await Promise.all(Array.from({ length: 100 }, (_, at) => keys.create({ owner: `owner-${at % 10}` })));

  async function manage({ key, record }: (typeof issued)[number]): Promise<void> {
    const own = [born(key.reveal())];
    for (const graceMs of [day, day, 0, day]) {
      // A rotation keeps the text before it for the grace, and ends every older one.
      const ending = graceMs === 0 ? [...own] : own.slice(0, -1);
      own.push(born((await end(ending, () => keys.rotate(record.id, { graceMs }))).key.reveal()));
    }
    await end(own, () => keys.revoke(record.id, { reason: 'race' }));
    managing -= 1;
  }

  async function use(worker: number): Promise<void> {
    for (let turn = worker; managing > 0; turn += 7) {
      const life = lives[turn % Math.max(1, lives.length)];
      if (life === undefined) {
        await Promise.resolve();
        continue;
      }
      const began = (step += 1);
      const { outcome } = await keys.verify(life.text);
      const ended = (step += 1);
      if (outcome === 'verified') tally.passed += 1;
      else tally.refused += 1;
      if (outcome === 'verified' && life.endDone <= began) tally.wrong.push('passed after its end was acknowledged');
      if (outcome !== 'verified' && life.endBegan > ended) tally.wrong.push('failed before its end was begun');
    }
  }

  const workers = Array.from({ length: 50 }, (_, worker) => use(worker));
  for (let at = 0; at < issued.length; at += 20) await Promise.all(issued.slice(at, at + 20).map(manage));
  await Promise.all(workers);

  // When all is over, everything is refused.
  for (const { text } of lives) {
    if ((await keys.verify(text)).outcome === 'verified') tally.wrong.push('passed at the end');
  }
  return tally;
}

const storages: Record<
  string,
  () => { readonly storage: Storage; readonly ready?: () => void; readonly close?: () => void }
> = {
  memory: () => ({ storage: createMemoryStorage() }),
  'memory, cached': () => ({ storage: cached(createMemoryStorage(), { ttl: 60_000, max: 1000 }) }),
  sqlite: () => {
    const database = new Database(':memory:');
    const storage = createSqliteStorage(database);
    return { storage, ready: () => storage.migrate(), close: () => database.close() };
  },
};

describe.each(Object.entries(storages))('100 keys used 50 at a time on %s', (_name, open) => {
  it(`lets none pass after its revocation was acknowledged, and fails none that should pass ${requirement('K5')}`, async () => {
    const { storage, ready, close } = open();
    const keys = createApiKeys({
      storage: slowed(storage),
      brand: 'acme',
      defaultScopes: [],
      lastUsed: { flushMs: 5 },
    });
    ready?.();
    const { wrong, passed, refused } = await race(keys);
    await keys.close();
    close?.();
    expect(wrong).toEqual([]);
    // The race has run: both answers were given often.
    expect(passed).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(100);
  });

  it(`revokes every key of an owner, also those that are being made ${requirement('D6')}`, async () => {
    const { storage, ready, close } = open();
    const keys = createApiKeys({ storage: slowed(storage), brand: 'acme', defaultScopes: [], lastUsed: false });
    ready?.();
    const creating = Array.from({ length: 60 }, async (_, at) => {
      for (let turn = 0; turn < at % 20; turn++) await new Promise<void>((resolve) => void setImmediate(resolve));
      return { began: performance.now(), issued: await keys.create({ owner: 'ada' }).catch(() => undefined) };
    });
    for (let turn = 0; turn < 6; turn++) await new Promise<void>((resolve) => void setImmediate(resolve));
    const revokedAt = performance.now();
    await keys.revokeAll('ada', { reason: 'disabled' });
    const made = await Promise.all(creating);
    const survivors: number[] = [];
    for (const { began, issued } of made) {
      if (issued !== undefined && (await keys.verify(issued.key.reveal())).outcome === 'verified')
        survivors.push(began);
    }
    await keys.close();
    close?.();
    // The race has run: some creations were under way and undid themselves, others came after it.
    expect(made.filter(({ issued }) => issued === undefined).length).toBeGreaterThan(0);
    expect(survivors.length).toBeGreaterThan(0);
    expect(survivors.filter((began) => began < revokedAt)).toEqual([]);
  });
});
