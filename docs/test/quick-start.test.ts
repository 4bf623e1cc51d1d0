import { describe, expect, it } from 'vitest';
import { codeOf } from './support/page.js';
import { quickStarts, withServer } from './support/quick-start.js';

describe.each(Object.values(quickStarts))('the quick start for %s', (framework) => {
  it('runs as it is copied from the page, and answers what the page says', { timeout: 60_000 }, async () => {
    const code = codeOf('guide/index.md', `docs/snippets/quick-start/${framework}.ts`);
    await withServer(code, async (url, keys) => {
      const ask = async (path: string, who?: string, method = 'GET') => {
        const headers: Record<string, string> = who === undefined ? {} : { authorization: `Bearer ${keys[who]}` };
        const response = await fetch(`${url}${path}`, { method, headers });
        const text = await response.text();
        return [response.status, text.startsWith('{') ? (JSON.parse(text) as { code?: string }) : text] as const;
      };
      expect(await ask('/')).toEqual([200, 'Anyone may read this.']);
      expect(await ask('/posts/1')).toEqual([401, expect.objectContaining({ code: 'credential_missing' })]);
      expect(await ask('/posts/1', 'eve')).toEqual([
        200,
        { post: { id: '1', authorId: 'ada', title: 'Hello' }, you: 'eve' },
      ]);
      expect(await ask('/posts/2', 'eve')).toEqual([404, expect.anything()]);
      expect(await ask('/posts/1', 'eve', 'DELETE')).toEqual([
        403,
        expect.objectContaining({ code: 'permission_denied' }),
      ]);
      expect(await ask('/posts/1', 'ada', 'DELETE')).toEqual([204, '']);
      expect((await ask('/posts/1', 'ada'))[0]).toBe(404);
    });
  });
});
