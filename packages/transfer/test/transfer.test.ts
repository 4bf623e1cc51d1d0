import { createMemoryStorage, type Storage, StorageUnavailableError } from '@portcullis/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exportRecords, importRecords, readExport } from '../src/index.js';
import { codeOf, exported, filled, type Key, keys, notes, stream } from './support.js';

const collections = [keys, notes];

async function contents(storage: Storage): Promise<unknown> {
  const all: unknown[] = [];
  for (const definition of collections) {
    const { items } = await storage.collection<Key>(definition).scan({ limit: 1000 });
    all.push(items.map(({ record }) => record).sort((left, right) => (left.id < right.id ? -1 : 1)));
  }
  return all;
}

describe('exportRecords and importRecords', () => {
  it('moves every record as it is, lists it by its indexes, and proves it', async () => {
    const source = await filled();
    const target = createMemoryStorage({ clock: source.clock });
    const seen: string[] = [];
    const report = await importRecords(target, stream((await exported(source)).join('')), {
      clock: source.clock,
      onProgress: ({ phase, collection }) => seen.push(`${phase} ${collection}`),
    });
    expect(report).toMatchObject({
      verified: true,
      collections: [
        { name: 'keys', created: 25, present: 0, replaced: 0, conflicts: 0, expired: 0, verified: true },
        { name: 'notes', created: 1, verified: true },
      ],
    });
    expect(await contents(target)).toEqual(await contents(source.storage));
    expect(new Set(seen)).toEqual(new Set(['import keys', 'verify keys', 'import notes', 'verify notes']));
    const page = await target.collection<Key>(keys).list({ index: 'owner', value: 'o1', limit: 100 });
    expect(page.items.map(({ record }) => record.id)).toEqual(['k22', 'k19', 'k16', 'k13', 'k10', 'k7', 'k4', 'k1']);
  });

  it('may be run again after a crash at any record, and neither loses nor doubles one', async () => {
    const source = await filled();
    const text = (await exported(source)).join('');
    for (let crash = 0; crash <= 26; crash += 1) {
      const target = createMemoryStorage({ clock: source.clock });
      let left = crash;
      const failing: Storage = {
        ...target,
        collection(definition) {
          const inner = target.collection(definition);
          return {
            ...inner,
            create(record) {
              if (left === 0) throw new StorageUnavailableError();
              left -= 1;
              return inner.create(record);
            },
          };
        },
      };
      const first = await codeOf(importRecords(failing, stream(text), { clock: source.clock }));
      expect(first).toBe(crash < 26 ? 'storage_unavailable' : undefined);
      const { verified, collections: counted } = await importRecords(target, stream(text), { clock: source.clock });
      expect(verified).toBe(true);
      expect(counted.reduce((sum, { present }) => sum + present, 0)).toBe(crash);
      expect(await contents(target)).toEqual(await contents(source.storage));
    }
  });

  it('goes on with an export that was cut off after any byte', async () => {
    const source = await filled();
    const whole = (await exported(source)).join('');
    const bytes = new TextEncoder().encode(whole);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const rest = bytes.slice(0, cut);
      const partial = await readExport(stream(new TextDecoder().decode(rest), 1024), { clock: source.clock });
      const kept = new TextDecoder().decode(rest.slice(0, partial?.bytes ?? 0));
      const added = await exported(source, partial === undefined ? {} : { resume: partial });
      expect(kept + added.join('')).toBe(whole);
    }
  }, 60_000);

  it('gives up a tail that a crash of the machine left unreadable', async () => {
    const source = await filled();
    const chunks = await exported(source);
    const kept = chunks.slice(0, 3).join('');
    const partial = await readExport(stream(`${kept}\0\0\0\0\n\0`));
    expect(partial?.bytes).toBe(new TextEncoder().encode(kept).length);
    expect(partial?.finished).toBe(false);
    expect(await readExport(stream('no export\n'))).toBeUndefined();
  });

  it('refuses an export that was cut off, edited, joined or mixed', async () => {
    const source = await filled();
    const lines = (await exported(source)).join('').trimEnd().split('\n');
    const attempt = (changed: readonly string[]): Promise<unknown> => {
      const target = createMemoryStorage({ clock: source.clock });
      return codeOf(importRecords(target, stream(`${changed.join('\n')}\n`), { clock: source.clock }));
    };
    const record = lines.findIndex((line) => line.includes('"k7"'));
    expect(await attempt([])).toBe('transfer_malformed');
    expect(await attempt(lines.slice(1))).toBe('transfer_malformed');
    expect(await attempt(lines.slice(0, -1))).toBe('transfer_incomplete');
    expect(await attempt(lines.slice(0, 1))).toBe('transfer_incomplete');
    expect(await attempt(lines.toSpliced(record, 1))).toBe('transfer_altered');
    expect(await attempt(lines.toSpliced(record, 1, lines[record]!.replace('"o1"', '"o2"')))).toBe('transfer_altered');
    expect(await attempt([...lines, ...lines])).toBe('transfer_malformed');
    expect(await attempt([...lines.slice(0, -1), ...lines])).toBe('transfer_malformed');
    expect(await attempt(lines.toSpliced(record, 1, '{"in":"other","record":{"id":"a","createdAt":1}}'))).toBe(
      'transfer_malformed',
    );
    expect(await attempt(lines.toSpliced(0, 1, lines[0]!.replace('"portcullis":1', '"portcullis":2')))).toBe(
      'transfer_unsupported',
    );
    for (const bad of ['', 'x', 'null', '[]', '{}', '{"record":{}}', '{"mark":{}}', '{"end":{"keys":{}}}'])
      expect(await attempt(lines.toSpliced(2, 0, bad))).toBe('transfer_malformed');
  });

  it('says on which line a record stands that the target does not take, and nothing of what it holds', async () => {
    const source = await filled();
    const text = (await exported(source)).join('').replace('"owner":"o1"', '"owner":"hidden\\u0000"');
    const error: unknown = await importRecords(createMemoryStorage(), stream(text), { clock: source.clock }).catch(
      (caught: unknown) => caught,
    );
    expect(error).toMatchObject({ code: 'transfer_refused' });
    expect((error as Error).message).toMatch(/^Line 3: keys: /);
    expect(JSON.stringify(error)).not.toContain('hidden');
  });

  it('leaves a record of the target in another state alone and says so, or replaces it when told to', async () => {
    const source = await filled();
    const text = (await exported(source)).join('');
    const target = createMemoryStorage({ clock: source.clock });
    const there = { id: 'k7', owner: 'another', createdAt: 5, touchedAt: source.clock() + 9_000_000 };
    await target.collection<Key>(keys).create(there);
    const report = await importRecords(target, stream(text), { clock: source.clock });
    expect(report.verified).toBe(false);
    expect(report.collections[0]).toMatchObject({ created: 24, conflicts: 1, verified: false });
    expect((await target.collection<Key>(keys).get('k7'))?.record).toEqual(there);
    const again = await importRecords(target, stream(text), { clock: source.clock, onConflict: 'replace' });
    expect(again.collections[0]).toMatchObject({ created: 0, present: 24, replaced: 1, verified: true });
    expect(await contents(target)).toEqual(await contents(source.storage));
  });

  it('says when the target holds more than the export, or loses some of it', async () => {
    const source = await filled();
    const text = (await exported(source)).join('');
    const target = createMemoryStorage({ clock: source.clock });
    await target.collection<Key>(keys).create({ id: 'extra', owner: 'o', createdAt: 1 });
    const report = await importRecords(target, stream(text), { clock: source.clock });
    expect(report).toMatchObject({
      verified: false,
      collections: [{ expected: { records: 25 }, found: { records: 26 } }, {}],
    });

    const forgetful = createMemoryStorage({ clock: source.clock });
    const losing: Storage = {
      ...forgetful,
      collection(definition) {
        const inner = forgetful.collection(definition);
        return { ...inner, create: (record) => (record.id === 'k9' ? 'a version' : inner.create(record)) };
      },
    };
    const lost = await importRecords(losing, stream(text), { clock: source.clock });
    expect(lost).toMatchObject({
      verified: false,
      collections: [{ expected: { records: 25 }, found: { records: 24 } }, {}],
    });
  });

  it('leaves out what has expired meanwhile, also between two looks', async () => {
    const source = await filled();
    const text = (await exported(source)).join('');
    source.clock.advance(60_000);
    const target = createMemoryStorage({ clock: source.clock });
    const report = await importRecords(target, stream(text), { clock: source.clock });
    expect(report.collections[0]).toMatchObject({ created: 20, expired: 5, expected: { records: 20 }, verified: true });

    const other = await filled();
    const late = createMemoryStorage({ clock: other.clock });
    const during = await importRecords(late, stream((await exported(other)).join('')), {
      clock: other.clock,
      onProgress: ({ phase }) => void (phase === 'verify' && other.clock.advance(60_000)),
    });
    expect(during.collections[0]).toMatchObject({ created: 25, expected: { records: 20 }, verified: true });
  });

  it('asks before it writes, with the collections known to the storage', async () => {
    const source = await filled();
    const target = createMemoryStorage({ clock: source.clock });
    const newer = { name: 'keys', indexes: ['owner', 'note'] };
    const refused = importRecords(target, stream((await exported(source)).join('')), {
      clock: source.clock,
      collections: [newer],
      prepare(header) {
        expect(header.collections.map(({ name }) => name)).toEqual(['keys', 'notes']);
        expect(() => target.collection<Key>(keys)).toThrow('other indexes');
        throw new Error('not migrated');
      },
    });
    await expect(refused).rejects.toThrow('not migrated');
    expect((await target.collection<Key>(newer as never).scan({ limit: 10 })).items).toEqual([]);
  });

  it('refuses options out of range, naming each', async () => {
    const storage = createMemoryStorage();
    const exporting = (options: object): Promise<unknown> =>
      codeOf(exportRecords(storage, { collections: [keys], ...options }).next());
    for (const bad of [{ collections: [] }, { collections: [keys, keys] }, { pageSize: 0 }, { pageSize: 1001 }])
      expect(await exporting(bad)).toBe('invalid_option');
    for (const bad of [{ concurrency: 0 }, { concurrency: 257 }, { onConflict: 'overwrite' as never }])
      expect(await codeOf(importRecords(storage, stream(''), bad))).toBe('invalid_option');
  });

  it('carries any JSON that a storage takes', { timeout: 30_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue({ noUnicodeString: false }), { maxLength: 8 }), async (values) => {
        const source = createMemoryStorage();
        const held = values.filter((data, at) => {
          try {
            return (
              typeof source.collection<Key>(keys).create({ id: `r${at}`, owner: 'o', createdAt: at, data } as Key) ===
              'string'
            );
          } catch {
            return false;
          }
        });
        const target = createMemoryStorage();
        const text = (await exported({ storage: source, clock: Date.now as never })).join('');
        const report = await importRecords(target, stream(text));
        expect(report).toMatchObject({ verified: true, collections: [{ created: held.length }, {}] });
        expect(await contents(target)).toEqual(await contents(source));
      }),
      { numRuns: 50 },
    );
  });
});
