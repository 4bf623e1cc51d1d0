import { createApiKeys } from '@portcullis/api-key';
import { createMemoryStorage, type StoredRecord } from '@portcullis/core';
import { describe, expect, it } from 'vitest';
import { sweep } from '../snippets/guide/sweeping.js';

describe('sweep', () => {
  it('deletes the expired records of each collection, and leaves the others', async () => {
    let now = Date.UTC(2026, 0, 1);
    const storage = createMemoryStorage({ clock: () => now });
    const keys = createApiKeys({ storage, brand: 'acme', defaultScopes: 'unlimited', clock: () => now });
    await keys.create({ owner: 'ada' });
    const sessions = storage.collection<StoredRecord & { readonly user: string }>({
      name: 'sessions',
      indexes: ['user'],
    });
    for (let at = 0; at < 700; at += 1)
      await sessions.create({ id: `s${at}`, user: 'ada', createdAt: now, expiresAt: now + 1000 });
    now += 2 * 3_600_000;
    expect(await sweep(storage, AbortSignal.abort())).toBe(0);
    expect(await sweep(storage)).toBe(700);
    expect(await sweep(storage)).toBe(0);
    expect((await keys.list({ owner: 'ada' })).items).toHaveLength(1);
  });
});
