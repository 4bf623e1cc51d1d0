import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { cached, type Storage, type StoredRecord } from '@portcullis/core';
import { createPostgresStorage } from '@portcullis/storage-postgres';
import { createRedisStorage } from '@portcullis/storage-redis';
import { postgres, redis, requirement, type Service, tcpProxy } from '@portcullis-internal/testkit';
import pg from 'pg';
import { createClient } from 'redis';
import { afterAll, describe, expect, it } from 'vitest';

interface Session extends StoredRecord {
  readonly owner: string;
}

interface Opened {
  readonly storage: Storage;
  migrate(): Promise<void>;
  close(): Promise<void>;
}

interface Kind {
  readonly name: string;
  readonly find: () => Promise<Service | undefined>;
  readonly url: (port: number) => string;
  open(url: string, place: string): Promise<Opened>;
  /** Removes what the tests left. */
  clear(url: string, place: string): Promise<void>;
}

// A cache of an hour: what it forgets, it was told to forget.
const hour = 3_600_000;
const rounds = 200;

const kinds: readonly Kind[] = [
  {
    name: 'PostgreSQL',
    find: postgres,
    url: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
    async open(url, place) {
      const pool = new pg.Pool({ connectionString: url, max: 3 });
      const storage = createPostgresStorage(pool, { schema: place });
      return {
        storage,
        migrate: () => storage.migrate(),
        async close() {
          storage.close();
          await pool.end();
        },
      };
    },
    async clear(url, place) {
      const client = new pg.Client(url);
      await client.connect();
      await client.query(`DROP SCHEMA IF EXISTS "${place}" CASCADE`);
      await client.end();
    },
  },
  {
    name: 'Redis',
    find: redis,
    url: (port) => `redis://127.0.0.1:${port}`,
    async open(url, place) {
      const client = createClient({ url });
      client.on('error', () => {});
      await client.connect();
      const storage = createRedisStorage(client, { prefix: place });
      return {
        storage,
        migrate: () => storage.migrate(),
        async close() {
          storage.close();
          client.destroy();
        },
      };
    },
    async clear(url, place) {
      const client = createClient({ url });
      await client.connect();
      for await (const keys of client.scanIterator({ MATCH: `${place}*`, COUNT: 1000 })) {
        if (keys.length > 0) await client.unlink(keys);
      }
      client.destroy();
    },
  },
];

interface Seen {
  readonly found: boolean;
  readonly fromStorage: boolean;
}

/** The other process. */
class Peer {
  readonly messages: string[] = [];
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (seen: Seen) => void>();
  #asked = 0;
  #heard: (() => void) | undefined;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (answer: Partial<Seen> & { ask?: number; message?: string }) => {
      if (answer.message !== undefined) {
        this.messages.push(answer.message);
        this.#heard?.();
      }
      if (answer.ask === undefined) return;
      this.#waiting.get(answer.ask)?.(answer as Seen);
      this.#waiting.delete(answer.ask);
    });
  }

  static async start(args: readonly string[]): Promise<Peer> {
    const execArgv = process.env['PORTCULLIS_BUILT'] ? [] : ['--import', 'tsx', '--conditions', '@portcullis/source'];
    const file = fileURLToPath(new URL('support/cached-peer.mjs', import.meta.url));
    const child = fork(file, args, { execArgv, stdio: 'inherit' });
    const peer = new Peer(child);
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', (code) => reject(new Error(`The process ended with ${code} before it was ready.`)));
    });
    return peer;
  }

  read(id: string): Promise<Seen> {
    return new Promise((resolve) => {
      this.#asked += 1;
      this.#waiting.set(this.#asked, resolve);
      this.#child.send({ read: id, ask: this.#asked });
    });
  }

  heard(): Promise<void> {
    return new Promise((resolve) => {
      this.#heard = resolve;
    });
  }

  async stop(): Promise<void> {
    const gone = new Promise<void>((resolve) => void this.#child.once('exit', () => resolve()));
    this.#child.send({ stop: true });
    await gone;
  }
}

describe.each(kinds)('cached() in two processes, over $name', { timeout: 60_000 }, (kind) => {
  const place = `e2e_${randomBytes(6).toString('hex')}${kind.name === 'Redis' ? ':' : ''}`;
  let service: Service | undefined;

  afterAll(async () => {
    if (service !== undefined) await kind.clear(service.url, place);
    await service?.stop();
  });

  it(`shows a revocation in one to the other after one message, and no later ${requirement('K5', 'D6')}`, async (context) => {
    service ??= await kind.find();
    if (service === undefined) return context.skip();
    const here = await kind.open(service.url, place);
    const mine = cached(here.storage, { ttl: hour, max: 1000 }).collection<Session>({
      name: 'sessions',
      indexes: ['owner'],
    });
    await here.migrate();
    const peer = await Peer.start([kind.name, service.url, place, `${hour}`]);
    for (const id of ['one', 'two', 'three']) {
      const owner = id === 'three' ? 'rex' : 'ada';
      await mine.create({ id, owner, createdAt: 1 });
      expect(await peer.read(id)).toMatchObject({ found: true, fromStorage: true });
      expect(await peer.read(id)).toMatchObject({ found: true, fromStorage: false });
    }
    const before = peer.messages.length;
    let heard = peer.heard();
    await mine.delete('one');
    await heard;
    expect(peer.messages).toHaveLength(before + 1);
    expect(await peer.read('one')).toMatchObject({ found: false });
    // The rest stays where it was.
    expect(await peer.read('three')).toMatchObject({ found: true, fromStorage: false });

    heard = peer.heard();
    await mine.deleteWhere('owner', 'ada');
    await heard;
    expect(peer.messages).toHaveLength(before + 2);
    expect(await peer.read('two')).toMatchObject({ found: false });
    await peer.stop();
    await here.close();
  });

  it(`keeps no read that a revocation in the other overtook, ${rounds} times ${requirement('K5')}`, async (context) => {
    service ??= await kind.find();
    if (service === undefined) return context.skip();
    const here = await kind.open(service.url, place);
    const mine = cached(here.storage, { ttl: hour, max: 1000 }).collection<Session>({
      name: 'sessions',
      indexes: ['owner'],
    });
    await here.migrate();
    const peer = await Peer.start([kind.name, service.url, place, `${hour}`]);
    const overtaken: boolean[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const id = `race ${round}`;
      await mine.create({ id, owner: 'ada', createdAt: 1 });
      const heard = peer.heard();
      const reads = Array.from({ length: 1 + (round % 7) }, () => peer.read(id));
      await mine.delete(id);
      await heard;
      overtaken.push((await Promise.all(reads)).some(({ found }) => found));
      expect(await peer.read(id)).toMatchObject({ found: false });
    }
    // Reads were under way while the revocation was: it was a race.
    expect(overtaken).toContain(true);
    await peer.stop();
    await here.close();
  });

  it(`shows it after the ttl at the latest when the message cannot come ${requirement('K5')}`, async (context) => {
    service ??= await kind.find();
    if (service === undefined) return context.skip();
    const here = await kind.open(service.url, place);
    const sessions = here.storage.collection<Session>({ name: 'sessions', indexes: ['owner'] });
    await here.migrate();
    const ttl = 300;
    const peer = await Peer.start([kind.name, service.url, place, `${ttl}`]);
    await sessions.create({ id: 'silent', owner: 'ada', createdAt: 1 });
    const readAt = performance.now();
    expect(await peer.read('silent')).toMatchObject({ found: true });
    // Past the cache: nobody is told, as when the bus is down.
    await sessions.delete('silent');
    const revokedAt = performance.now();
    let last = revokedAt;
    for (let seen = await peer.read('silent'); seen.found; seen = await peer.read('silent')) last = performance.now();
    expect(peer.messages).toEqual([]);
    // Counted from the start of the read that filled the cache; what is over is the way of a question and its answer.
    expect(last - readAt).toBeLessThan(ttl + 500);
    await peer.stop();
    await here.close();
  });

  it(`drops all it has when its connection to the bus is cut, and what the storage then answers is what it says ${requirement('K5', 'D3')}`, async (context) => {
    service ??= await kind.find();
    if (service === undefined) return context.skip();
    const here = await kind.open(service.url, place);
    const sessions = here.storage.collection<Session>({ name: 'sessions', indexes: ['owner'] });
    await here.migrate();
    const proxy = await tcpProxy(service);
    const peer = await Peer.start([kind.name, kind.url(proxy.port), place, `${hour}`]);
    await sessions.create({ id: 'cut', owner: 'ada', createdAt: 1 });
    await peer.read('cut');
    expect(await peer.read('cut')).toMatchObject({ found: true, fromStorage: false });
    await sessions.delete('cut');
    // The cache has an hour, and was told nothing.
    expect(await peer.read('cut')).toMatchObject({ found: true, fromStorage: false });
    proxy.retarget(service);
    let seen = await peer.read('cut').catch(() => undefined);
    while (seen?.found !== false) seen = await peer.read('cut').catch(() => undefined);
    expect(seen).toMatchObject({ found: false });
    await peer.stop();
    await here.close();
    await proxy.stop();
  });
});
