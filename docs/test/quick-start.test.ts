import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { codeOf } from './support/page.js';

// A fresh folder whose imports resolve as a user's would.
const folder = mkdtempSync(fileURLToPath(new URL('../.quick-start-', import.meta.url)));
afterAll(() => rmSync(folder, { recursive: true }));

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

async function withServer(framework: string, use: (url: string, keys: Record<string, string>) => Promise<void>) {
  const port = await freePort();
  const file = `${folder}/${framework}.ts`;
  const code = codeOf('guide/index.md', `docs/snippets/quick-start/${framework}.ts`);
  writeFileSync(file, code.replaceAll('3000', String(port)));
  const condition = process.env['PORTCULLIS_BUILT'] ? [] : ['--conditions=@portcullis/source'];
  const child = spawn(process.execPath, [...condition, '--import', 'tsx', file], { cwd: folder });
  let output = '';
  try {
    const keys = await new Promise<Record<string, string>>((resolve, reject) => {
      const read = (chunk: Buffer): void => {
        output += chunk;
        const found: Record<string, string> = Object.fromEntries(
          [...output.matchAll(/^(ada|eve) (\S+)\n/gm)].map(([, who, key]) => [who, key]),
        );
        if (found['eve'] !== undefined) resolve(found);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.on('exit', () => reject(new Error(output)));
    });
    await use(`http://127.0.0.1:${port}`, keys);
  } finally {
    child.kill();
  }
}

describe.each(['express', 'koa', 'hono'])('the quick start for %s', (framework) => {
  it('runs as it is copied from the page, and answers what the page says', { timeout: 60_000 }, async () => {
    await withServer(framework, async (url, keys) => {
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
