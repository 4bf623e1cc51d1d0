import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const here = new URL('.', import.meta.url);
// Inside this package, so that its imports resolve as a user's would.
const folder = mkdtempSync(fileURLToPath(new URL('../.readme-', here)));
afterAll(() => rmSync(folder, { recursive: true }));

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

describe('README.md', () => {
  it('has a server that runs as it stands and answers as it says', { timeout: 60_000 }, async () => {
    const text = readFileSync(new URL('../../../README.md', here), 'utf8');
    const [, code = ''] = /```ts\n([\s\S]*?)```/.exec(text) ?? [];
    const port = await freePort();
    const file = `${folder}/server.ts`;
    writeFileSync(file, code.replaceAll('3000', String(port)));
    const child = spawn(process.execPath, ['--conditions=@portcullis/source', '--import', 'tsx', file], {
      cwd: folder,
    });
    let output = '';
    try {
      const key = await new Promise<string>((resolve, reject) => {
        const read = (chunk: Buffer): void => {
          output += chunk;
          const found = /Bearer (\S+)"/.exec(output)?.[1];
          if (found !== undefined) resolve(found);
        };
        child.stdout.on('data', read);
        child.stderr.on('data', read);
        child.on('exit', () => reject(new Error(output)));
      });
      const ask = (path: string, init: { method?: string; headers?: Record<string, string> } = {}) =>
        fetch(`http://127.0.0.1:${port}${path}`, init);
      const headers = { authorization: `Bearer ${key}` };
      const read = await ask('/posts/1', { headers });
      expect([read.status, await read.json()]).toEqual([
        200,
        { post: { id: '1', authorId: 'ada', title: 'Hello' }, you: 'ada' },
      ]);
      const anonymous = await ask('/posts/1');
      expect([anonymous.status, anonymous.headers.get('www-authenticate')]).toEqual([
        401,
        expect.stringContaining('Bearer'),
      ]);
      expect((await ask(`/posts/1?api_key=${key}`)).status).toBe(400);
      expect((await ask('/posts/2', { method: 'DELETE', headers })).status).toBe(404);
      expect((await ask('/posts/1', { method: 'DELETE', headers })).status).toBe(204);
    } finally {
      child.kill();
    }
  });
});
