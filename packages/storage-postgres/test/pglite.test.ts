import { PGlite } from '@electric-sql/pglite';
import type { StoredRecord } from '@portcullis/core/storage';
import { fakeClock } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { createPostgresStorage } from '../src/index.js';

interface Item extends StoredRecord {
  readonly owner: string;
  readonly data?: unknown;
}

describe('createPostgresStorage (PGlite)', () => {
  it('keeps, lists, expires, revokes, counts and tells, in the one process that it serves', {
    timeout: 60_000,
  }, async () => {
    const clock = fakeClock();
    const database = new PGlite();
    const storage = createPostgresStorage(database, { clock, schema: 'auth', heartbeatMs: 0 });
    expect(storage.capabilities).toEqual({ shared: false, durable: false, bus: true });
    const items = storage.collection<Item>({ name: 'items', indexes: ['owner'] });
    await storage.migrate();
    await storage.migrate();
    expect(await storage.drift()).toEqual([]);
    const record = {
      id: "é😀'",
      owner: 'o',
      createdAt: clock(),
      expiresAt: clock() + 1000,
      data: { z: ['"', 1.5], a: null },
    };
    const version = (await items.create(record)) ?? '';
    expect(await items.get(record.id)).toEqual({ record, version });
    expect(await items.create(record)).toBeUndefined();
    const second = (await items.update(record.id, version, { ...record, data: 2 })) ?? '';
    expect(await items.update(record.id, version, record)).toBeUndefined();
    await items.touch([{ id: record.id, touchedAt: clock() + 5, expiresAt: clock() + 2000 }]);
    const touched = { ...record, data: 2, touchedAt: clock() + 5, expiresAt: clock() + 2000 };
    expect(await items.list({ index: 'owner', value: 'o', limit: 5 })).toEqual({
      items: [{ record: touched, version: second }],
    });
    clock.advance(2000);
    expect(await items.get(record.id)).toBeUndefined();
    const versions = await Promise.all(
      Array.from({ length: 5 }, async () => items.create({ ...record, expiresAt: clock() + 1 })),
    );
    expect(versions.filter((each) => each !== undefined)).toHaveLength(1);
    expect(await items.deleteWhere('owner', 'o')).toBe(1);
    for (const algorithm of ['fixed-window', 'gcra'] as const) {
      const rule = { algorithm, limit: 3, windowMs: 1000 };
      const answers = await Promise.all(
        Array.from({ length: 5 }, async () => storage.counters.consume(algorithm, rule)),
      );
      expect(answers.filter(({ allowed }) => allowed)).toHaveLength(3);
    }
    let hear: (text: string) => void = () => undefined;
    const heard = new Promise<string>((resolve) => {
      hear = resolve;
    });
    await storage.bus?.subscribe('x', { message: hear, lost: () => undefined });
    await storage.bus?.publish('x', 'hello');
    expect(await heard).toBe('hello');
    await database.close();
  });
});
