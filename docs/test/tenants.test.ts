import { describe, expect, it } from 'vitest';
import { app, keys, posts } from '../snippets/guide/tenants.js';

async function caller(owner: string, tenant?: string) {
  const { key } = await keys.create({ owner, ...(tenant === undefined ? {} : { tenant }) });
  return async (path: string, method = 'GET') => {
    const response = await app.request(path, { method, headers: { authorization: `Bearer ${key.reveal()}` } });
    return [response.status, response.status === 200 ? ((await response.json()) as unknown) : undefined] as const;
  };
}

describe('the guide on permissions and tenants', () => {
  it('keeps tenants apart, whatever the role and whoever the author', async () => {
    const ada = await caller('ada', 'acme');
    const root = await caller('root', 'acme');
    expect((await ada('/posts/1'))[0]).toBe(200);
    expect((await ada('/posts/2'))[0]).toBe(404);
    expect((await root('/posts/2', 'DELETE'))[0]).toBe(403);
    expect(posts.has('2')).toBe(true);
  });

  it('lists what may be read, and nothing of others', async () => {
    const [status, body] = await (await caller('rex', 'globex'))('/posts');
    expect([status, body]).toEqual([200, [posts.get('2')]]);
  });

  it('gives a key without a tenant nothing', async () => {
    const lost = await caller('ada');
    expect((await lost('/posts/1'))[0]).toBe(404);
    expect(await lost('/posts')).toEqual([200, []]);
  });

  it('lets only the author or an admin delete', async () => {
    expect((await (await caller('eve', 'acme'))('/posts/1', 'DELETE'))[0]).toBe(403);
    expect((await (await caller('ada', 'acme'))('/posts/1', 'DELETE'))[0]).toBe(204);
  });
});
