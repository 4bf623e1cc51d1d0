import { readFileSync } from 'node:fs';
import {
  createApiKeys,
  createApiKeyVerifier,
  createSecretScanningReceiver,
  secretScanningPattern,
} from '@portcullis/api-key';
import { createGuard, createMemoryStorage, sha256 } from '@portcullis/core';
import { createPolicy } from '@portcullis/core/policy';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

/** The lines of a text that say something, without their indentation. */
const linesOf = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('import '))
    .join('\n');

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const source = linesOf(readFileSync(new URL(import.meta.url), 'utf8'));
const snippets = Array.from(readme.matchAll(/```ts\n([\s\S]*?)```/g), ([, code = '']) => linesOf(code));

let printed: unknown[] = [];
beforeEach(() => {
  printed = [];
  vi.spyOn(console, 'log').mockImplementation((...values) => void printed.push(...(values as unknown[])));
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe('the README', () => {
  it('shows only what is compiled and run here', () => {
    expect(snippets.length).toBeGreaterThan(5);
    for (const snippet of snippets) expect(source).toContain(snippet);
  });

  it('creates, verifies, guards, rotates, revokes, lists, limits and scans', async () => {
    const keys = createApiKeys({
      storage: createMemoryStorage(), // in production @portcullis/storage-sqlite, or another storage
      brand: 'acme',
      defaultScopes: [], // what a key made without scopes may do: nothing
    });

    const { key, record } = await keys.create({ owner: 'ada', name: 'CI', scopes: ['posts:read'] });
    console.log(key.reveal()); // show it once, to its owner; logging `key` itself prints [redacted]

    const result = await keys.verify(key.reveal(), { ip: '192.0.2.7' });
    if (result.outcome === 'verified') console.log(result.key.owner, result.scopes);
    else console.log(result.denial.status); // 401, or 429 with its header fields

    expect(printed).toEqual([key.reveal(), 'ada', ['posts:read']]);

    const guard = createGuard({
      authenticators: [
        keys.authenticator({ principal: (key) => ({ kind: 'user' as const, id: key.owner, tenant: key.tenant }) }),
      ],
      policy: createPolicy({ permissions: ['posts:read'], roles: { reader: ['posts:read'] } }),
      roles: () => ['reader'],
    });

    expect(guard.policy).toBeDefined();

    const rotated = await keys.rotate(record.id, { graceMs: 24 * 3_600_000, owner: 'ada' });
    await keys.revoke(record.id, { reason: 'laptop stolen', owner: 'ada' });
    await keys.revokeAll('ada', { reason: 'left the company' });
    const { items, cursor } = await keys.list({ owner: 'ada', limit: 50 });

    expect(rotated.record.id).toBe(record.id);
    expect(items).toMatchObject([{ id: record.id, revokedReason: 'laptop stolen' }]);
    expect(cursor).toBeUndefined();

    await keys.create({
      owner: 'ada',
      expiresAt: Date.now() + 90 * 86_400_000,
      allowedAddresses: ['192.0.2.0/24', '2001:db8::/32'],
      rateLimit: { limit: 100, windowMs: 60_000, burst: 20 },
      quota: { limit: 10_000, refill: { amount: 10_000, everyMs: 30 * 86_400_000 } },
    });
    keys.authenticator({ cost: (request) => (request.method === 'GET' ? 1 : 10) });

    const request = new Request('https://api.example/leaks');
    console.log(secretScanningPattern({ brand: 'acme' })); // acme_(?:live|test)_[0-9A-Za-z]{46}
    const receive = createSecretScanningReceiver({ keys });
    const response = await receive(request); // a web Request in, a Response out

    expect(printed.at(-1)).toBe('acme_(?:live|test)_[0-9A-Za-z]{46}');
    expect(response.status).toBe(405);
    await keys.close();
  });

  it('verifies on a server that issues none', async () => {
    const storage = createMemoryStorage();
    const { key } = await createApiKeys({ storage, brand: 'acme', defaultScopes: [] }).create({ owner: 'ada' });
    const text = key.reveal();

    const verifier = createApiKeyVerifier({ storage, brand: 'acme', defaultScopes: [] });
    const answer = await verifier.verify(text, { ip: '192.0.2.7' });

    expect(answer).toMatchObject({ outcome: 'verified', key: { owner: 'ada' }, scopes: [] });
    await verifier.close();
  });

  it('imports', async () => {
    const storage = createMemoryStorage();
    const old = `old_${'0a'.repeat(20)}`;
    const oldHash = sha256(old);

    const moved = createApiKeys({
      storage,
      brand: 'acme',
      defaultScopes: [],
      parseImported: (text) => (/^old_[0-9a-f]{40}$/.test(text) ? text : undefined),
    });
    await moved.import({ hash: oldHash, owner: 'ada', scopes: ['posts:read'] }); // hex or base64url

    expect(await moved.verify(old)).toMatchObject({ outcome: 'verified', scopes: ['posts:read'] });
    await moved.close();
  });
});
