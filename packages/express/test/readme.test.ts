import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { app, keys } from './quick-start.js';

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');

describe('the README', () => {
  it('shows the quick start that is compiled here', () => {
    expect(/```ts\n([\s\S]*?)```/.exec(read('../README.md'))?.[1]).toBe(read('quick-start.ts'));
  });

  it('has a quick start that asks for a key and takes one', async () => {
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/posts`;
    expect((await fetch(url)).status).toBe(401);
    const { key } = await keys.create({ owner: 'ada' });
    const response = await fetch(url, { headers: { authorization: `Bearer ${key.reveal()}` } });
    expect(await response.json()).toEqual({ caller: 'ada' });
    server.close();
  });
});
