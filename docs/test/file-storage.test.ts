import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storageSuite, storageTestIds } from '@portcullis/conformance';
import { afterAll, describe, expect, it } from 'vitest';
import { createFileStorage } from '../snippets/guide/file-storage.js';

const folder = mkdtempSync(join(tmpdir(), 'file-storage-'));
afterAll(() => rmSync(folder, { recursive: true }));

// #region suite
let now = Date.UTC(2026, 0, 1);
storageSuite({
  name: 'createFileStorage',
  create: () => createFileStorage(join(folder, 'suite.jsonl'), () => now),
  clock: () => now,
  advanceClock: (ms) => (now += ms),
  capabilities: { shared: false, durable: false, bus: false },
  skip: [
    {
      reason: 'reads come from memory, which has no outage; a write that fails is tested below',
      tests: ['outage.unavailable'],
    },
    {
      reason: 'a call answers at once: nobody waits who could give up',
      tests: storageTestIds.filter((id) => id.startsWith('hang.')),
    },
    {
      reason: 'one process has the file, so that there is no second clock',
      tests: storageTestIds.filter((id) => id.startsWith('clocks.')),
    },
  ],
});
// #endregion suite

const definition = { name: 'things' };

describe('createFileStorage', () => {
  it('finds what another process acknowledged, and not what it was writing when it died', async () => {
    const path = join(folder, 'again.jsonl');
    const first = createFileStorage(path);
    await first.collection(definition).create({ id: 'a', createdAt: 1 });
    await first.counters.consume('k', { algorithm: 'fixed-window', limit: 1, windowMs: 3_600_000 });
    await first.close?.();
    appendFileSync(path, '\n["things","b",{"record":{"id":"b"');
    for (const _ of [1, 2]) {
      const again = createFileStorage(path);
      const things = again.collection(definition);
      expect((await things.get('a'))?.record).toEqual({ id: 'a', createdAt: 1 });
      expect(await things.get('b')).toBeUndefined();
      const consumed = await again.counters.consume('k', { algorithm: 'fixed-window', limit: 1, windowMs: 3_600_000 });
      expect(consumed.allowed).toBe(false);
      await again.close?.();
    }
  });

  it('says that it is unavailable when the file cannot be written, and remembers nothing then', async () => {
    const storage = createFileStorage(join(folder, 'closed.jsonl'));
    const things = storage.collection(definition);
    await storage.close?.();
    expect(() => things.create({ id: 'a', createdAt: 1 })).toThrow(
      expect.objectContaining({ code: 'storage_unavailable' }) as Error,
    );
    expect(await things.get('a')).toBeUndefined();
  });

  it('is as long as its page says', () => {
    const lines = readFileSync(new URL('../snippets/guide/file-storage.ts', import.meta.url), 'utf8')
      .trim()
      .split('\n');
    const page = readFileSync(new URL('../guide/storage-adapter.md', import.meta.url), 'utf8');
    expect(page).toContain(`in ${lines.length} lines`);
  });
});
