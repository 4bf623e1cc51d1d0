import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret, type Storage } from '@portcullis/core';
import { createConnection, createTokenVault, grantCollection, type TokenVault } from '@portcullis/oauth-client';
import { createPostgresStorage } from '@portcullis/storage-postgres';
import { createRedisStorage } from '@portcullis/storage-redis';
import { createSqliteStorage } from '@portcullis/storage-sqlite';
import { postgres, redis, requirement } from '@portcullis-internal/testkit';
import Libsql from 'libsql';
import pg from 'pg';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BundledScript, bundleScript } from './support/bundle-script.js';
import { startTokenServer, type TokenServer } from './support/token-server.js';

const ring = { current: 'k1', keys: { k1: randomBytes(32).toString('base64url') } };
const prefix = `e2e_${randomBytes(6).toString('hex')}`;

interface Shared {
  readonly storage: Storage;
  readonly place: string;
  close(): Promise<void>;
}

const kinds: Readonly<Record<string, () => Promise<Shared | undefined>>> = {
  async SQLite() {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-e2e-'));
    const place = join(folder, 'test.db');
    const database = new Libsql(place);
    const storage = createSqliteStorage(database, { durability: 'normal' });
    storage.collection(grantCollection);
    storage.migrate();
    return {
      storage,
      place,
      async close() {
        database.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
  async PostgreSQL() {
    const service = await postgres();
    if (service === undefined) return undefined;
    const pool = new pg.Pool({ connectionString: service.url, max: 2, options: '-c synchronous_commit=off' });
    await pool.query(`CREATE SCHEMA ${prefix}`);
    const storage = createPostgresStorage(pool, { schema: prefix });
    storage.collection(grantCollection);
    await storage.migrate();
    return {
      storage,
      place: service.url,
      async close() {
        storage.close?.();
        await pool.query(`DROP SCHEMA ${prefix} CASCADE`);
        await pool.end();
        await service.stop();
      },
    };
  },
  async Redis() {
    const service = await redis();
    if (service === undefined) return undefined;
    const client = createClient({ url: service.url });
    client.on('error', () => {});
    await client.connect();
    const storage = createRedisStorage(client, { prefix });
    storage.collection(grantCollection);
    await storage.migrate();
    return {
      storage,
      place: service.url,
      async close() {
        storage.close?.();
        for await (const keys of client.scanIterator({ MATCH: `*${prefix}*`, COUNT: 1000 })) {
          if (keys.length > 0) await client.unlink(keys);
        }
        await client.close();
        await service.stop();
      },
    };
  },
};

async function message(child: ChildProcess): Promise<unknown> {
  const settled = new AbortController();
  const { signal } = settled;
  try {
    const ended = once(child, 'exit', { signal }).then(([code]) => {
      throw new Error(`The process ended with ${code} before it answered.`);
    });
    const [answer] = await Promise.race([once(child, 'message', { signal }), ended]);
    return answer;
  } finally {
    settled.abort();
  }
}

const exited = (child: ChildProcess): Promise<void> => new Promise((resolve) => child.once('exit', () => resolve()));

interface Answer {
  readonly tokens: readonly string[];
  readonly callers: number;
}

let server: TokenServer;
let script: BundledScript;
beforeAll(async () => {
  server = await startTokenServer();
  script = await bundleScript('vault-process.mjs');
});
afterAll(async () => {
  script.remove();
  await server.close();
});

function openVault(storage: Storage, clock: () => number = Date.now): TokenVault {
  const provider = {
    id: 'example',
    label: 'Example',
    issuer: server.issuer,
    discovery: 'none',
    endpoints: { token: `${server.issuer}/token` },
    openid: false,
    scopes: [],
    profile: () => ({ subject: '', emailVerified: false }),
  } as const;
  const connection = createConnection(
    'example',
    { provider, clientId: 'app', credential: { secret: 'secret' } },
    { dangerouslyAllowPrivateNetwork: true, clock },
  );
  return createTokenVault({ storage, encryptionKeys: ring, connections: [connection], clock });
}

/** Keeps a grant whose access token has expired; the refresh token is what the provider counts. */
async function expiredGrant(vault: TokenVault, user: string): Promise<string> {
  const refreshToken = server.grant();
  await vault.store({
    user,
    provider: 'example',
    tokens: {
      accessToken: new Secret('expired'),
      refreshToken: new Secret(refreshToken),
      tokenType: 'bearer',
      expiresAt: Date.now() - 1000,
      scopes: [],
      extra: {},
    },
  });
  return refreshToken;
}

function start(kind: string, place: string, leaseMs = 20_000): ChildProcess {
  const settings = JSON.stringify({ kind, place, prefix, issuer: server.issuer, ring, leaseMs });
  return fork(script.path, [settings], { execArgv: [], stdio: 'inherit' });
}

async function end(children: readonly ChildProcess[]): Promise<void> {
  await Promise.all(
    children.map((child) => {
      const ended = exited(child);
      child.send({ end: true });
      return ended;
    }),
  );
}

describe.each(Object.keys(kinds))('one vault in four processes on %s', (kind) => {
  it(`refreshes an expired token once for 100 callers ${requirement('D1')}`, { timeout: 120_000 }, async ({ skip }) => {
    const shared = await kinds[kind]?.();
    if (shared === undefined) return skip('the service cannot be had here');
    const vault = openVault(shared.storage);
    const children = Array.from({ length: 4 }, () => start(kind, shared.place));
    try {
      await Promise.all(children.map(message));
      // Several rounds, because which process comes first is chance.
      for (let round = 0; round < 10; round++) {
        const user = `user ${round}`;
        const refreshToken = await expiredGrant(vault, user);
        const answers = (await Promise.all(
          children.map((child) => {
            const answer = message(child);
            child.send({ user, callers: 25 });
            return answer;
          }),
        )) as Answer[];
        expect(answers.reduce((sum, { callers }) => sum + callers, 0)).toBe(100);
        const tokens = new Set(answers.flatMap((answer) => answer.tokens));
        expect(tokens.size).toBe(1);
        expect([...tokens].every(server.issued)).toBe(true);
        expect(server.shown.get(refreshToken)).toBe(1);
      }
      await end(children);
    } finally {
      for (const child of children) child.kill('SIGKILL');
      await shared.close();
    }
  });
});

describe('a process that is killed while it renews', () => {
  const points = ['before attempt', 'after attempt', 'before result', 'after result'] as const;

  it('loses one grant at most, and only between the answer and its write', { timeout: 240_000 }, async () => {
    const shared = await kinds['SQLite']?.();
    if (shared === undefined) throw new Error('no SQLite');
    let skipped = 0;
    const clock = (): number => Date.now() + skipped;
    const survivor = openVault(shared.storage, clock);
    const waiting: ChildProcess[] = Array.from({ length: 3 }, () => start('SQLite', shared.place));
    const ready = new Map(waiting.map((child) => [child, message(child)]));
    const outcomes: string[] = [];
    try {
      for (let kill = 0; kill < 50; kill++) {
        // The next ones load while this one works.
        const child = waiting.shift() ?? start('SQLite', shared.place);
        await (ready.get(child) ?? message(child));
        if (kill < 47) {
          const next = start('SQLite', shared.place);
          waiting.push(next);
          ready.set(next, message(next));
        }
        const point = points[kill % points.length] ?? 'before result';
        const user = `killed ${kill}`;
        const refreshToken = await expiredGrant(survivor, user);
        const stopped = message(child);
        child.send({ user, stopAt: point });
        expect(await stopped).toEqual({ stoppedAt: point });
        const dead = exited(child);
        child.kill('SIGKILL');
        await dead;

        // The lease runs out.
        skipped += 20_001;
        const next = await survivor.accessToken(user, 'example').then(
          ({ token }) => (server.issued(token.reveal()) ? 'goes on' : 'a strange token'),
          (error: { code: string }) => error.code,
        );
        outcomes.push(`${point}: ${next}`);
        const asked = { 'before attempt': 1, 'after attempt': 1, 'before result': 2, 'after result': 1 }[point];
        expect(server.shown.get(refreshToken)).toBe(asked);
        // Never a corrupt vault: the record reads, and a new sign-in goes on from it.
        expect((await survivor.list(user)).map(({ state }) => state)).toEqual([
          next === 'goes on' ? 'active' : 'ended',
        ]);
        await expiredGrant(survivor, user);
        expect(server.issued((await survivor.accessToken(user, 'example')).token.reveal())).toBe(true);
      }
    } finally {
      for (const child of waiting) child.kill('SIGKILL');
      await shared.close();
    }
    expect(new Set(outcomes)).toEqual(
      new Set([
        'before attempt: goes on',
        'after attempt: goes on',
        'before result: reauthentication_required',
        'after result: goes on',
      ]),
    );
    expect(outcomes).toHaveLength(50);
  });
});
