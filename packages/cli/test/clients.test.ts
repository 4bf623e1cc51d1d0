import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { mysqlPlace, type Place, postgresPlace, redisPlace, sqlitePlace } from './places.js';
import { portcullis, project, runAll } from './support.js';

// node:sqlite is there from Node 22 on: by this one, or by the one that the tests of runtimes have installed.
const runtimes = fileURLToPath(new URL('../../../.cache/runtimes/node_modules/', import.meta.url));
const installed = join(runtimes, 'node24', 'bin', 'node');
const nodeWithSqlite =
  process.getBuiltinModule?.('node:sqlite') !== undefined
    ? process.execPath
    : existsSync(installed)
      ? installed
      : undefined;

interface Client {
  /** What is installed in the user's project, and nothing else. */
  readonly installed: readonly string[];
  readonly open: (file: string) => Promise<Place | undefined> | Place;
  readonly node?: string | undefined;
}

const clients: Readonly<Record<string, Client>> = {
  pg: { installed: ['pg'], open: postgresPlace },
  'postgres.js': { installed: ['postgres'], open: postgresPlace },
  mysql2: { installed: ['mysql2'], open: mysqlPlace },
  ioredis: { installed: ['ioredis'], open: redisPlace },
  'node-redis': { installed: ['redis'], open: redisPlace },
  libsql: { installed: ['libsql'], open: sqlitePlace },
  'node:sqlite': { installed: [], open: sqlitePlace, node: nodeWithSqlite },
};

describe.each(Object.entries(clients))('portcullis with the client %s of the project', (name, client) => {
  it('migrates, checks, makes a key, ends it, sweeps, diagnoses and exports', { timeout: 120_000 }, async (context) => {
    if (name === 'node:sqlite' && client.node === undefined) return context.skip('needs Node 22 or later');
    const here = project({ clients: client.installed });
    const place = await client.open(here.path('auth.db'));
    if (place === undefined) {
      here.remove();
      return context.skip('the service cannot be had here');
    }
    try {
      here.write(
        'portcullis.config.mjs',
        `export default { apiKeys: { brand: 'acme', environments: ['prod'], defaultScopes: [] } };`,
      );
      const commands = [
        ['check'],
        ['migrate', '--apply'],
        ['check'],
        ['keys', 'create', '--owner', 'ada', '--expires', '1h'],
        ['keys', 'list', '--owner', 'ada', '--json'],
        ['keys', 'revoke', '--owner', 'ada', '--all', '--reason', 'over'],
        ['keys', 'list', '--owner', 'ada', '--json'],
        ['sweep', '--json'],
        ['doctor'],
        ['export', '--out', 'auth.jsonl'],
      ];
      const ran = await runAll(
        here,
        commands.map((command) => [...command, ...place.options]),
        client.node ?? process.execPath,
      );
      const codes = ran.map(({ code }, at) => [commands[at]?.join(' '), code]);
      const before = codes[0]?.[1];
      expect(before, ran[0]?.stderr).not.toBe(2);
      // Of doctor, only that it has a verdict: a server of tests is not set up as one of an application.
      expect(codes.slice(1), ran.map(({ stderr }) => stderr).join('\n')).toEqual(
        commands.slice(1).map((command) => [command.join(' '), command[0] === 'doctor' ? expect.any(Number) : 0]),
      );
      expect(ran[3]?.stdout.trim()).toMatch(/^acme_prod_\w{46}$/);
      const [live, over] = [ran[4], ran[6]].map((said) => JSON.parse(said?.stdout ?? '') as { items: object[] });
      expect(live?.items).toMatchObject([{ owner: 'ada' }]);
      expect(over?.items).toMatchObject([{ owner: 'ada', revokedReason: 'over' }]);
      expect(existsSync(here.path('auth.jsonl'))).toBe(true);
      expect(ran.map(({ stdout, stderr }) => stdout + stderr).join('')).not.toContain('client_missing');
    } finally {
      await place.close();
      here.remove();
    }
  });
});

describe('portcullis with a client that does not load', () => {
  it('says which, and does not go on with another', async () => {
    const here = project({ clients: ['libsql'] });
    here.write('auth.db', '');
    for (const [name, code] of [
      ['ioredis', `throw new Error('built for another Node.js')`],
      ['pg', `throw new Error('built for another Node.js')`],
    ] as const) {
      mkdirSync(here.path(`node_modules/${name}`));
      writeFileSync(here.path(`node_modules/${name}/index.js`), code);
    }
    for (const url of ['redis://127.0.0.1:1', 'postgres://127.0.0.1:1/x']) {
      const { code, stderr } = await portcullis(here, ['check', '--storage', url]);
      expect([code, stderr]).toEqual([1, expect.stringContaining('is installed and does not load')]);
    }
    here.remove();
  });
});
