import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { app, keys } from './quick-start.js';

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');

describe('the README', () => {
  it('shows the quick start that is compiled here', () => {
    expect(/```ts\n([\s\S]*?)```/.exec(read('../README.md'))?.[1]).toBe(read('quick-start.ts'));
  });

  it('has a quick start that asks for a key and takes one', async () => {
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    expect((await fetch(`${url}/posts`)).status).toBe(401);
    const { key } = await keys.create({ owner: 'ada' });
    const response = await fetch(`${url}/posts`, { headers: { authorization: `Bearer ${key.reveal()}` } });
    expect(await response.json()).toEqual({ caller: 'ada' });
    await app.close();
  });
});
