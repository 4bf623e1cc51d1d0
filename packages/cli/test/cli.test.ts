import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApiKeys } from '@portcullis/api-key';
import type { StoredRecord } from '@portcullis/core';
import { sessionCollection } from '@portcullis/session';
import { createRedisStorage } from '@portcullis/storage-redis';
import { createSqliteStorage } from '@portcullis/storage-sqlite';
import { redisCluster } from '@portcullis-internal/testkit';
import { Redis } from 'ioredis';
import Database from 'libsql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commands } from '../src/commands/index.js';
import { mysqlPlace, postgresPlace, redisPlace } from './places.js';
import { ended, portcullis, type Project, project, type Ran, start } from './support.js';

const here = project();
const sqlite = ['--storage', 'sqlite:./auth.db'];
const text = (part: string): string => expect.stringContaining(part) as string;
const inProject = (args: readonly string[], stdin?: string): Promise<Ran> =>
  portcullis(here, args, stdin === undefined ? {} : { stdin });

beforeAll(async () => {
  here.write(
    'keys.config.mjs',
    `export default { storage: 'sqlite:./auth.db', apiKeys: { brand: 'acme', environments: ['prod'], defaultScopes: [] } };`,
  );
  const { code, stderr } = await inProject(['migrate', '--apply', ...sqlite, '--config', 'keys.config.mjs']);
  if (code !== 0) throw new Error(stderr);
});
afterAll(() => here.remove());

describe('portcullis', () => {
  const empty = project({ clients: false });
  afterAll(() => empty.remove());

  it('helps, at every command, without touching anything', async () => {
    expect(await portcullis(empty, [])).toMatchObject({
      code: 0,
      stdout: text('Usage: portcullis <command>'),
      stderr: '',
    });
    expect(await portcullis(empty, ['--version'])).toMatchObject({ code: 0, stdout: '0.0.0\n' });
    for (const { name, options, summary } of commands) {
      const { code, stdout, stderr } = await portcullis(empty, [...name.split(' '), '--help']);
      expect([code, stderr]).toEqual([0, '']);
      for (const part of [name, summary, ...Object.keys(options).map((option) => `--${option}`)])
        expect(stdout).toContain(part);
    }
    expect(await portcullis(empty, ['keys', '--help'])).toMatchObject({ code: 0, stdout: text('keys rotate') });
  });

  it.each([
    [['migrat'], 'no command migrat; did you mean migrate?'],
    [['key', 'list'], 'There is no command key; did you mean keys?'],
    [['keys', 'lst'], 'no command keys lst; did you mean keys list?'],
    [['keys'], 'keys create'],
    [['zzz'], 'There is no command zzz. See portcullis --help.'],
    [['--json', 'check'], 'The command comes first'],
    [['check', '--stroage', 'x'], 'no option --stroage; did you mean --storage?'],
    [['check', '--zzzzzzz'], 'check has no option --zzzzzzz.'],
    [['check', '-x'], 'no option -x'],
    [['check', '--storage'], '--storage needs a value: --storage URL.'],
    [['check', '--storage='], '--storage needs a value'],
    [['check', '--storage', '--json'], '--storage needs a value'],
    [['check', '--json=yes'], '--json is a switch'],
    [['check', ...sqlite, ...sqlite], '--storage is there twice'],
    [['check', 'more'], 'check takes no arguments'],
    [['keys', 'rotate'], 'keys rotate needs ID'],
    [['keys', 'rotate', 'a', ...sqlite], 'keys rotate needs --grace DURATION'],
    [['keys', 'rotate', 'a', '--grace', 'soon', ...sqlite], '--grace takes a number with s, m, h, d or w'],
    [['keys', 'create', ...sqlite], 'keys create needs --owner ID'],
    [['keys', 'create', '--owner', 'a', ...sqlite], '--brand NAME'],
    [['keys', 'create', '--owner', 'a', '--expires', 'never', ...sqlite], '--expires takes a duration'],
    [['keys', 'revoke', '--reason', 'x', ...sqlite], 'needs the id of a key, or --owner ID --all'],
    [['keys', 'revoke', 'a', '--all', '--reason', 'x', ...sqlite], 'not both'],
    [['keys', 'list', ...sqlite], '--owner ID or --tenant ID'],
    [['keys', 'list', '--owner', 'a', '--limit', '0', ...sqlite], '--limit takes a whole number'],
    [['sessions', 'list', ...sqlite], 'sessions list needs --user ID'],
    [['check'], 'No storage is named'],
    [['check', '--config', 'none.js'], 'there is no file none.js'],
    [['check', '--storage', 'auth.db'], 'begins with no scheme that is known'],
    [['check', '--storage', 'sqlite::memory:'], 'names a file'],
    [['check', '--storage', 'mysql://host'], 'names its database'],
    [['check', '--storage', 'postgres://a,b/c'], 'Only redis+cluster'],
    [['check', ...sqlite, '--schema', 'x'], '--schema is for PostgreSQL'],
    [['export', '--json', ...sqlite], 'needs a file: --out FILE'],
    [['export', '--collection', 'api_key', '--out', 'x', ...sqlite], 'none is called api_key; did you mean api_keys?'],
    [['import', 'none.jsonl', ...sqlite], 'There is no file none.jsonl'],
    [['import-keys', 'keys.txt', ...sqlite], '--format csv or --format jsonl'],
    [['sweep', '--share', '0', ...sqlite], '--share takes a whole number from 1 to 100'],
    [['doctor', '--url', 'app', ...sqlite], '--url takes an address'],
  ])('%j is refused with 2', async (args, message) => {
    expect(await inProject(args)).toMatchObject({ code: 2, stdout: '', stderr: text(message) });
  });

  it('says an error as JSON when asked to', async () => {
    const { code, stderr } = await inProject(['check', '--json']);
    expect([code, JSON.parse(stderr)]).toMatchObject([
      2,
      { error: { code: 'usage', message: text('No storage is named') } },
    ]);
    const missing = await inProject(['check', '--json', '--storage', 'sqlite:none.db']);
    expect([missing.code, JSON.parse(missing.stderr)]).toMatchObject([1, { error: { code: 'storage_missing' } }]);
  });

  it('names the package that a storage needs', async () => {
    for (const [url, name] of [
      ['postgres://h/d', 'npm install pg'],
      ['mysql://h/d', 'npm install mysql2'],
      ['redis://h', 'npm install ioredis'],
      ['redis+cluster://h:1,i:2', 'npm install ioredis'],
    ])
      expect(await ended(start(empty, ['check', '--storage', url!]))).toMatchObject({ code: 1, stderr: text(name!) });
    const file = await ended(start(empty, ['migrate', '--apply', '--storage', 'sqlite:a.db']));
    if (process.getBuiltinModule?.('node:sqlite') === undefined)
      expect(file).toMatchObject({ code: 1, stderr: text('npm install libsql') });
    else expect(file.code).toBe(0);
  }, 60_000);

  it('never shows a password, whatever goes wrong', async () => {
    const secret = 's3cr3t';
    for (const url of [
      `postgres://ada:${secret}@127.0.0.1:1/db`,
      `postgres://ada:${secret}#x@127.0.0.1:1/db`,
      `postgres://ada:12${secret}?x@127.0.0.1:1/db`,
      `postgres://ada:${secret}/x@127.0.0.1:1/db`,
      `postgres://ada:${secret}%ZZ@127.0.0.1:1/db`,
      `mysql://ada:${secret}@127.0.0.1:1/db`,
      `mysql://ada:${secret}@127.0.0.1`,
      `redis://ada:${secret}@127.0.0.1:1`,
      `redis+cluster://ada:${secret}@127.0.0.1:1,127.0.0.1:2`,
      `redis+cluster://ada:${secret}@127.0.0.1:1,:::2`,
      `foo://ada:${secret}@h`,
    ])
      for (const args of [['check'], ['doctor'], ['check', '--json']]) {
        const { code, stdout, stderr } = await portcullis(here, args, { env: { PORTCULLIS_STORAGE: url } });
        expect(code, url).not.toBe(0);
        expect(stdout + stderr, url).not.toContain('s3cr');
        expect(stdout + stderr, url).not.toBe('');
      }
  }, 60_000);

  it('says what is wrong with a configuration', async () => {
    const attempt = async (name: string, source: string): Promise<Ran> => {
      here.write(name, source);
      return inProject(['check', '--config', name]);
    };
    expect(await attempt('a.mjs', 'export const x = 1')).toMatchObject({ code: 1, stderr: text('no default export') });
    expect(await attempt('b.mjs', 'export default { storrage: 1 }')).toMatchObject({
      code: 1,
      stderr: text('no field storrage; did you mean storage?'),
    });
    expect(await attempt('c.mjs', 'throw new Error("no such host")')).toMatchObject({
      code: 1,
      stderr: text('no such host'),
    });
    expect(await attempt('d.mjs', 'export default { storage: () => { throw new Error("down") } }')).toMatchObject({
      code: 1,
      stderr: text('down'),
    });
    expect(await attempt('e.mjs', 'export default { storage: () => 5 }')).toMatchObject({
      code: 1,
      stderr: text('gives no storage'),
    });
    expect(await attempt('f.mjs', "import { nothing } from './g.mjs'")).toMatchObject({
      code: 1,
      stderr: text('g.mjs'),
    });
    here.write('ok.ts', 'export default { storage: "sqlite:./auth.db" as string };');
    const child = await ended(start(here, ['check', '--config', 'ok.ts', '--json']));
    expect(child).toMatchObject({ stderr: '' });
  });

  it("uses and closes an application's own storage", async () => {
    here.write(
      'own.mjs',
      `import Database from 'libsql';
       import { createSqliteStorage } from '@portcullis/storage-sqlite';
       const database = new Database('auth.db');
       export default { storage: () => createSqliteStorage(database), close: () => { database.close(); console.error('closed'); } };`,
    );
    const listed = await ended(start(here, ['keys', 'list', '--owner', 'nobody', '--config', 'own.mjs']));
    expect(listed).toMatchObject({ code: 0, stdout: 'No keys.\n', stderr: 'closed\n' });
    const prefixed = await ended(start(here, ['check', '--config', 'own.mjs', '--prefix', 'x_']));
    expect(prefixed).toMatchObject({ code: 2, stderr: text('has its own') });
  }, 30_000);
});

describe('migrate and check', () => {
  it('print what is missing, apply it, and find no difference afterwards', async () => {
    const fresh = ['--storage', 'sqlite:fresh.db'];
    expect(await inProject(['check', ...fresh])).toMatchObject({ code: 1, stderr: text('There is no file') });
    expect((await inProject(['migrate', '--apply', ...fresh])).code).toBe(0);
    const database = new Database(here.path('fresh.db'));
    database.exec('DROP INDEX portcullis_sessions_user');
    expect(await inProject(['check', ...fresh])).toMatchObject({
      code: 1,
      stdout: text('missing_index portcullis_sessions.portcullis_sessions_user'),
    });
    const printed = await inProject(['migrate', ...fresh]);
    expect(printed).toMatchObject({ code: 0, stdout: text('CREATE INDEX "portcullis_sessions_user"') });
    database.exec(printed.stdout);
    database.close();
    expect(await inProject(['check', ...fresh])).toMatchObject({ code: 0, stdout: text('as it should be') });
    expect(await inProject(['migrate', ...fresh])).toMatchObject({ code: 0, stdout: '-- Nothing to do.\n' });
    const all = await inProject(['migrate', '--all', ...fresh]);
    const other = new Database(here.path('other.db'));
    other.exec(all.stdout);
    other.close();
    expect((await inProject(['check', '--storage', 'sqlite:other.db', '--json'])).code).toBe(0);
  });

  it.each([
    ['PostgreSQL', postgresPlace],
    ['MariaDB', mysqlPlace],
    ['Redis', redisPlace],
  ])(
    'work on %s, where doctor also compares clocks',
    async (_name, open) => {
      const place = await open();
      if (place === undefined) return;
      try {
        expect(await inProject(['check', ...place.options])).toMatchObject({ code: 1, stdout: text('missing_') });
        expect(await inProject(['migrate', '--apply', ...place.options])).toMatchObject({
          code: 0,
          stdout: text('Done'),
        });
        expect((await inProject(['check', ...place.options])).code).toBe(0);
        const { code, stdout } = await inProject(['doctor', ...place.options, '--json']);
        const { findings } = JSON.parse(stdout) as { findings: { check: string; result: string; detail: string }[] };
        expect(code).toBe(0);
        expect(findings.find(({ check }) => check === 'clock')).toMatchObject({
          result: 'ok',
          detail: text('the database is'),
        });
      } finally {
        await place.close();
      }
    },
    60_000,
  );

  it('work on a Redis Cluster', async () => {
    const cluster = await redisCluster();
    if (cluster === undefined) return;
    try {
      const options = ['--storage', `redis+cluster://${cluster.ports.map((port) => `127.0.0.1:${port}`).join()}`];
      expect(await inProject(['migrate', '--apply', ...options])).toMatchObject({ code: 0 });
      await inProject(['keys', 'create', '--owner', 'ada', '--brand', 'acme', ...options]);
      here.write('none.config.mjs', 'export default { collections: [{ name: "sessions", indexes: ["user"] }] };');
      expect(
        await inProject(['export', '--out', 'cluster.jsonl', '--config', 'none.config.mjs', ...options]),
      ).toMatchObject({
        code: 1,
        stderr: text('also holds api_keys'),
      });
      const { stdout } = await inProject(['export', '--out', 'cluster.jsonl', '--json', ...options]);
      expect(JSON.parse(stdout)).toMatchObject({ collections: { api_keys: { records: 1 } } });
    } finally {
      await cluster.stop();
    }
  }, 60_000);
});

describe('keys', () => {
  const config = ['--config', 'keys.config.mjs'];
  const keysOf = async (work: (keys: ReturnType<typeof createApiKeys<'prod'>>) => unknown): Promise<void> => {
    const database = new Database(here.path('auth.db'));
    const keys = createApiKeys({
      storage: createSqliteStorage(database as never),
      brand: 'acme',
      environments: ['prod'],
      defaultScopes: [],
      lastUsed: false,
    });
    await work(keys);
    await keys.close();
    database.close();
  };

  it('are made, with the plaintext once and alone on stdout, listed, rotated and revoked', async () => {
    const made = await inProject([
      'keys',
      'create',
      '--owner',
      'ada',
      '--scope',
      'x',
      '--scope',
      'y',
      '--name',
      'ci\u001b[2J',
      '--expires',
      '90d',
      ...config,
    ]);
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^acme_prod_\w{46}\n$/) as string });
    const plaintext = made.stdout.trim();
    expect(made.stderr).not.toContain(plaintext.slice(22));
    const id = /id\s+(\w+)/.exec(made.stderr)?.[1] ?? '';
    const list = await inProject(['keys', 'list', '--owner', 'ada', ...config]);
    expect(list.stdout).toContain(`${id}  ci\\u{1b}[2J  ada    prod         x y`);
    await keysOf(async (keys) =>
      expect(await keys.verify(plaintext)).toMatchObject({ outcome: 'verified', scopes: ['x', 'y'] }),
    );

    const rotated = await inProject(['keys', 'rotate', id, '--grace', '1h', '--json', ...config]);
    const { key } = JSON.parse(rotated.stdout) as { key: string };
    expect(rotated.stderr).toBe('');
    await keysOf(async (keys) => {
      expect(await keys.verify(key)).toMatchObject({ outcome: 'verified' });
      expect(await keys.verify(plaintext)).toMatchObject({ outcome: 'verified' });
    });
    expect(await inProject(['keys', 'rotate', id, '--grace', '0', '--owner', 'eve', ...config])).toMatchObject({
      code: 1,
      stderr: text('[key_not_found]'),
    });
    expect(await inProject(['keys', 'revoke', id, '--reason', 'lost', ...config])).toMatchObject({
      code: 0,
      stdout: text('is revoked since'),
    });
    await keysOf(async (keys) => expect(await keys.verify(key)).toMatchObject({ outcome: 'rejected' }));
    expect((await inProject(['keys', 'list', '--owner', 'ada', ...config])).stdout).toContain('revoked: lost');
    expect(await inProject(['keys', 'rotate', id, '--grace', '0', ...config])).toMatchObject({
      code: 1,
      stderr: text('[key_revoked]'),
    });
  });

  it('of an owner are revoked together', async () => {
    for (let at = 0; at < 3; at += 1) await inProject(['keys', 'create', '--owner', 'bob', ...config]);
    expect(await inProject(['keys', 'revoke', '--owner', 'bob', '--all', '--reason', 'left', ...config])).toMatchObject(
      { code: 0, stdout: '3 keys revoked.\n' },
    );
  });

  it('that are revoked are forgotten by the caches of other processes', async () => {
    const place = await redisPlace();
    if (place === undefined) return;
    const [, url = '', , prefix = ''] = place.options;
    const client = new Redis(url);
    const storage = createRedisStorage(client, { prefix });
    try {
      await inProject(['migrate', '--apply', ...place.options]);
      const made = await inProject(['keys', 'create', '--owner', 'ada', '--brand', 'acme', '--json', ...place.options]);
      const { record } = JSON.parse(made.stdout) as { record: { id: string } };
      const told: string[] = [];
      let subscribed: unknown;
      const heard = new Promise<void>((resolve) => {
        // What `cached()` listens to.
        subscribed = storage.bus.subscribe('portcullis.cache', {
          message: (message) => void (told.push(message), message.includes(record.id) && resolve()),
          lost: () => undefined,
        });
      });
      await subscribed;
      expect(await inProject(['keys', 'revoke', record.id, '--reason', 'lost', ...place.options])).toMatchObject({
        code: 0,
      });
      await heard;
      expect(told.map((message) => JSON.parse(message) as unknown)).toContainEqual({
        collection: 'api_keys',
        id: record.id,
      });
    } finally {
      storage.close();
      client.disconnect();
      await place.close();
    }
  }, 30_000);

  it('of another system are taken over from CSV and JSON lines, once', async () => {
    const hash = (at: number): string => createHash('sha256').update(`old key ${at}`).digest('hex');
    here.write(
      'old.csv',
      `hash,owner,scopes,createdAt\r\n${hash(1)},"ada, countess",x y,2020-01-31\r\n${hash(2)},bob,,1600000000000\r\nnot-a-hash,eve,,\r\n`,
    );
    const first = await inProject(['import-keys', 'old.csv', ...config]);
    expect(first).toMatchObject({
      code: 1,
      stdout: '2 keys imported, 0 there already, 1 refused.\n',
      stderr: text('line 4: hash'),
    });
    expect(first.stderr).not.toContain('not-a-hash');
    expect(first.stderr).toContain('parseImported');
    const again = `${JSON.stringify({ hash: hash(2), owner: 'bob' })}\n\n${JSON.stringify({ hash: hash(3), owner: 'cleo', scopes: ['z'] })}\n`;
    expect(await inProject(['import-keys', '-', '--format', 'jsonl', ...config], again)).toMatchObject({
      code: 0,
      stdout: '1 key imported, 1 there already, 0 refused.\n',
    });
    const bad = `{"hash":"x"\n[]\n{"hash":"${hash(4)}"}\n{"hash":"${hash(4)}","owner":"a","ownr":"b"}\n{"hash":"${hash(4)}","owner":"a","expiresAt":"soon"}\n`;
    const refused = await inProject(['import-keys', '-', '--format', 'jsonl', ...config], bad);
    expect(refused).toMatchObject({ code: 1, stdout: text('5 refused') });
    for (const problem of [
      'line 1: is no JSON object',
      'line 2: is no',
      'line 3: owner is missing',
      'line 4: there is no column "ownr"; did you mean owner?',
      'line 5: expiresAt takes a date',
    ])
      expect(refused.stderr).toContain(problem);
    expect(await inProject(['import-keys', '-', '--format', 'csv', ...config], 'hash,owner\n"a,b\n')).toMatchObject({
      code: 1,
      stderr: text('[csv_malformed]'),
    });
    const listed = await inProject(['keys', 'list', '--owner', 'ada, countess', '--json', ...config]);
    expect(JSON.parse(listed.stdout)).toMatchObject({
      items: [{ imported: true, scopes: ['x', 'y'], createdAt: Date.parse('2020-01-31') }],
    });
  });
});

describe('sessions and sweep', () => {
  const fill = (count: number, expiresAt: number): void => {
    const database = new Database(here.path('auth.db'));
    const storage = createSqliteStorage(database as never, { durability: 'normal' });
    const sessions = storage.collection<StoredRecord & Record<string, unknown>>(sessionCollection as never);
    for (let at = 0; at < count; at += 1)
      void sessions.create({
        id: `s${expiresAt}-${at}`,
        user: 'ada',
        createdAt: at,
        expiresAt,
        endsAt: expiresAt,
        idleTimeout: 1,
        remembered: false,
        secretHash: 'never shown',
        data: {},
        ip: '192.0.2.1',
      });
    database.close();
  };

  it('list and end what a user has open, one or all', async () => {
    const later = Date.now() + 3_600_000;
    fill(3, later);
    const list = await inProject(['sessions', 'list', '--user', 'ada', ...sqlite]);
    expect(list.stdout).toContain('192.0.2.1');
    expect(list.stdout).not.toContain('never shown');
    const one = ['sessions', 'revoke', '--user', 'ada', '--session', `s${later}-0`, ...sqlite];
    expect(await inProject(one)).toMatchObject({ code: 0, stdout: '1 session ended.\n' });
    expect(await inProject(one)).toMatchObject({ code: 1, stdout: '0 sessions ended.\n' });
    expect(
      await inProject(['sessions', 'revoke', '--user', 'eve', '--session', `s${later}-1`, ...sqlite]),
    ).toMatchObject({ code: 1 });
    expect(await inProject(['sessions', 'revoke', '--user', 'ada', ...sqlite])).toMatchObject({
      code: 0,
      stdout: '2 sessions ended.\n',
    });
    expect(await inProject(['sessions', 'list', '--user', 'ada', ...sqlite])).toMatchObject({
      stdout: 'No sessions.\n',
    });
  });

  it('free what has expired, however much', async () => {
    fill(2500, 1000);
    const { stdout } = await inProject(['sweep', ...sqlite, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ deleted: { sessions: 2500 } });
  });
});

describe('doctor', () => {
  let server: Server;
  let configs = 0;
  let cookie = '';
  let cache = 'no-store';
  beforeAll(async () => {
    server = createServer((_request, response) =>
      response.setHeader('set-cookie', cookie).setHeader('cache-control', cache).end(),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => void server.close());

  const doctor = async (source: string, where: Pick<Project, 'folder'> = here): Promise<Record<string, string>> => {
    // A module is loaded once under its name.
    const name = `doctor${(configs += 1)}.mjs`;
    here.write(name, source);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const { stdout } = await portcullis(where, ['doctor', '--config', name, '--url', url, '--json']);
    const { findings } = JSON.parse(stdout) as { findings: { check: string; result: string; detail: string }[] };
    return Object.fromEntries(findings.map(({ check, result, detail }) => [check, `${result}: ${detail}`]));
  };

  it('finds what is set up wrongly', async () => {
    cookie = '__Host-sid=secret-value; Path=/; HttpOnly';
    cache = 'public';
    const wrong = await doctor(`export default { storage: 'sqlite:./auth.db', trustProxy: 99, databaseClock: () => 5,
      apiKeys: { brand: 'x y', defaultScopes: [] },
      sessions: { csrf: { origins: ['http://app.example.org'] } } };`);
    expect(wrong).toMatchObject({
      storage: text('ok'),
      'API keys': text('failed: '),
      'session cookie': text('failed: '),
      proxy: text('failed: trustProxy takes'),
      'cookie sent': text('failed: '),
    });
    expect(JSON.stringify(wrong)).not.toContain('secret-value');
    const skewed = await doctor(`import Database from 'libsql';
      import { createSqliteStorage } from '@portcullis/storage-sqlite';
      const database = new Database(${JSON.stringify(here.path('auth.db'))});
      export default { storage: createSqliteStorage(database), databaseClock: () => Date.now() + 45_000 };`);
    expect(skewed['clock']).toMatch(/^failed: the database is 4\d{4} ms ahead/);
    expect(await doctor(`export default { storage: 'sqlite:./nowhere.db' };`)).toMatchObject({
      storage: text('failed: There is no file'),
    });
  });

  it('finds nothing where all is well', async () => {
    cookie = '__Host-sid=secret-value; Path=/; Secure; HttpOnly; SameSite=Lax';
    cache = 'no-store';
    const right = await doctor(`export default { storage: 'sqlite:./auth.db', trustProxy: 1,
      apiKeys: { brand: 'acme', defaultScopes: [] },
      sessions: { csrf: { origins: ['https://app.example.org'], key: new Uint8Array(32) } } };`);
    expect(Object.values(right).filter((line) => !/^(ok|skipped)/.test(line))).toEqual([]);
  });
});
