import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createApiKeys } from '@portcullis/api-key';
import type { Storage } from '@portcullis/core';
import { createSqliteStorage } from '@portcullis/storage-sqlite';
import { createD1Storage, type D1Database } from '@portcullis/storage-sqlite/d1';
import { build } from 'esbuild';
import Database from 'libsql';
import { Miniflare } from 'miniflare';
import { afterAll, describe, expect, it } from 'vitest';

const snippets = fileURLToPath(new URL('../snippets/deploy/', import.meta.url));
// Where `npm run test:runtimes` puts them.
const binaries = fileURLToPath(new URL('../../.cache/runtimes/node_modules/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'deploy-'));
afterAll(() => rmSync(folder, { recursive: true }));

const conditions = process.env['PORTCULLIS_BUILT'] ? [] : ['@portcullis/source'];
const flags = conditions.map((name) => `--conditions=${name}`);

interface Program {
  readonly runtime: string;
  readonly command: string;
  readonly args: readonly string[];
}

const programs: readonly Program[] = [
  { runtime: 'Node', command: process.execPath, args: [...flags, '--import', 'tsx', 'node.ts'] },
  { runtime: 'Bun', command: join(binaries, 'bun/bin/bun.exe'), args: [...flags, 'bun.ts'] },
  {
    runtime: 'Deno',
    command: join(binaries, 'deno/deno'),
    // Our sources name their neighbours `.js`, as Node's users do; what is installed from npm needs no flag for that.
    args: ['run', '-A', '--unstable-sloppy-imports', ...flags, 'deno.ts'],
  },
];

const isThere = ({ runtime, command }: Program): boolean => {
  const there = existsSync(command) || process.env['REQUIRE_RUNTIMES'] === '1';
  if (!there) console.warn(`skipped: no ${runtime}; npm run test:runtimes installs it`);
  return there;
};

const keysOn = (storage: Storage) => createApiKeys({ storage, brand: 'acme', defaultScopes: [] });

/** Runs a program until it says on which port it listens; `stop` asks it to end, and gives how it did. */
async function start({ command, args }: Program, database: string) {
  const child = spawn(command, args, { cwd: snippets, env: { ...process.env, DATABASE: database, PORT: '0' } });
  let output = '';
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const port = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk;
      const found = /^ready (\d+)$/m.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('error', reject);
    void ended.then((code) => reject(new Error(`it ended with ${code}\n${output}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGTERM');
      return { code: await ended, output };
    },
  };
}

describe('the guide on deploying', () => {
  for (const program of programs) {
    const { runtime } = program;
    it.skipIf(!isThere(program))(
      `the program for ${runtime} serves, keeps its keys and stops in order`,
      {
        timeout: 60_000,
      },
      async () => {
        const file = join(folder, `${runtime}.db`);
        const database = new Database(file);
        const storage = createSqliteStorage(database);
        const keys = keysOn(storage);
        storage.migrate();
        const { key } = await keys.create({ owner: 'ada', scopes: ['reports:read'] });

        const { url, stop } = await start(program, file);
        const ask = (path: string, headers: Record<string, string> = {}) => fetch(`${url}${path}`, { headers });
        expect(await (await ask('/health')).text()).toBe('ok');
        const refused = await ask('/reports');
        expect([refused.status, await refused.json()]).toEqual([
          401,
          expect.objectContaining({ code: 'credential_missing' }),
        ]);
        const answer = await ask('/reports', { authorization: `Bearer ${key.reveal()}`, connection: 'close' });
        expect(await answer.json()).toEqual({ customer: 'ada', from: '127.0.0.1' });
        expect((await ask('/nowhere')).status).toBe(404);

        const { code, output } = await stop();
        expect([code, output]).toEqual([0, expect.stringMatching(/^ready \d+\n$/)]);
        // What it had in memory was written before it ended.
        const [record] = (await keys.list({ owner: 'ada' })).items;
        expect(record?.lastUsedAt).toBeGreaterThan(0);
        await keys.close();
        database.close();
      },
    );
  }

  it('the program for Workers serves out of D1, request after request', { timeout: 60_000 }, async () => {
    const wrangler = JSON.parse(readFileSync(join(snippets, 'wrangler.jsonc'), 'utf8')) as {
      readonly main: string;
      readonly compatibility_date: string;
      readonly d1_databases: readonly { readonly binding: string }[];
    };
    const { outputFiles } = await build({
      entryPoints: [join(snippets, wrangler.main)],
      bundle: true,
      write: false,
      format: 'esm',
      target: 'es2022',
      // What wrangler bundles with.
      conditions: [...conditions, 'workerd', 'worker', 'browser'],
    });
    const runtime = new Miniflare({
      modules: true,
      script: outputFiles[0]?.text ?? '',
      compatibilityDate: wrangler.compatibility_date,
      d1Databases: wrangler.d1_databases.map(({ binding }) => binding),
    });
    try {
      const storage = createD1Storage((await runtime.getD1Database('DB')) as unknown as D1Database);
      const keys = keysOn(storage);
      await storage.migrate();
      const { key } = await keys.create({ owner: 'ada', scopes: ['reports:read'] });
      await keys.close();
      const ask = (path: string, headers: Record<string, string> = {}) =>
        runtime.dispatchFetch(`http://worker${path}`, { headers: { 'cf-connecting-ip': '198.51.100.7', ...headers } });
      expect(await (await ask('/health')).text()).toBe('ok');
      expect((await ask('/reports')).status).toBe(401);
      for (const _ of [1, 2, 3]) {
        const answer = await ask('/reports', { authorization: `Bearer ${key.reveal()}` });
        expect(await answer.json()).toEqual({ customer: 'ada', from: '198.51.100.7' });
      }
    } finally {
      await runtime.dispose();
    }
  });
});
