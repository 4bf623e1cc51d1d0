import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import app, { GET, keys } from './quick-start.js';

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');

describe('the README', () => {
  it('shows the quick start that is compiled here', () => {
    expect(/```ts\n([\s\S]*?)```/.exec(read('../README.md'))?.[1]).toBe(read('quick-start.ts'));
  });

  it('has a quick start that asks for a key and takes one', async () => {
    const url = 'https://api.example/posts';
    const { key } = await keys.create({ owner: 'ada' });
    const headers = { authorization: `Bearer ${key.reveal()}` };
    for (const call of [app.fetch, GET]) {
      expect((await call(new Request(url))).status).toBe(401);
      expect(await (await call(new Request(url, { headers }))).json()).toEqual({ caller: 'ada' });
    }
  });
});
