import {
  type StoredRecord,
  StorageUnavailableError,
  consumeCounter,
  isPortcullisError,
} from '@portcullis/core/storage';
import { fakeClock, redis, requirement } from '@portcullis-internal/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { type RedisClient, type RedisStorageOptions, RedisStorageError, createRedisStorage } from '../src/index.js';
import { flush, intercepted, openIoredis, ownPrefix } from './support/servers.js';

interface Session extends StoredRecord {
  readonly user: string;
  readonly tenant?: string;
}

const sessions = { name: 'sessions', indexes: ['user'] as const };
const hour = 3_600_000;
const day = 24 * hour;
const service = await redis();

const errorOf = async (work: () => unknown): Promise<unknown> => {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error;
  }
};

describe.skipIf(service === undefined)('createRedisStorage', () => {
  const { port } = service ?? { port: 0 };
  const prefix = ownPrefix();
  const client = openIoredis(port);
  let count = 0;
  const open = async (options: RedisStorageOptions & { readonly client?: RedisClient } = {}) => {
    const clock = fakeClock();
    const own = options.prefix ?? `${prefix}${(count += 1)}:`;
    const storage = createRedisStorage(options.client ?? client, { clock, ...options, prefix: own });
    const items = storage.collection<Session>(sessions);
    await storage.migrate();
    const session = (fields: Partial<Session> = {}): Session => ({ id: 'a', user: 'u', createdAt: clock(), ...fields });
    const listed = async (): Promise<readonly string[]> =>
      (await items.list({ index: 'user', value: 'u', limit: 100 })).items.map(({ record }) => record.id);
    const named = (): Promise<string[]> => client.zrange(`${own}sessions:i:user:u`, '0', '-1');
    return { clock, storage, items, session, listed, named, key: (name: string) => `${own}${name}` };
  };

  afterAll(async () => {
    client.disconnect();
    await flush(port, prefix);
    await service?.stop();
  });

  it('refuses options and clients that it cannot use, naming each', async () => {
    for (const options of [
      { prefix: '' },
      { prefix: '{a}' },
      { prefix: 'a*' },
      { timeoutMs: 0 },
      { timeoutMs: 1.5 },
      { heartbeatMs: -1 },
    ]) {
      const error = await errorOf(() => createRedisStorage(client, options));
      expect(isPortcullisError(error, 'invalid_option')).toBe(true);
      expect(String(error)).toContain(Object.keys(options)[0]);
    }
    for (const wrong of ['redis://localhost', undefined, {}, { sendCommand: () => undefined }])
      expect(await errorOf(() => createRedisStorage(wrong as unknown as RedisClient))).toMatchObject({
        code: 'invalid_option',
      });
    const replicas = { status: 'ready', isCluster: true, call: () => undefined, options: { scaleReads: 'all' } };
    expect(String(await errorOf(() => createRedisStorage(replicas as unknown as RedisClient)))).toContain('scaleReads');
    const { storage } = await open();
    expect(await errorOf(() => storage.collection<Session>({ name: 'sessions', indexes: ['tenant'] }))).toMatchObject({
      code: 'invalid_option',
    });
  });

  it(`never lists or deletes by an index that was not built over what is there ${requirement('D6')}`, async () => {
    const own = `${prefix}old:`;
    const old = createRedisStorage(client, { prefix: own }).collection<Session>({ name: 'sessions' });
    await old.create({ id: 'before', user: 'u', createdAt: 1 });
    const storage = createRedisStorage(client, { prefix: own });
    const items = storage.collection<Session>(sessions);
    for (const call of [
      () => items.list({ index: 'user', value: 'u', limit: 1 }),
      () => items.deleteWhere('user', 'u'),
    ]) {
      const error = await errorOf(call);
      expect(error).toBeInstanceOf(RedisStorageError);
      expect(error).toMatchObject({
        code: 'storage_not_migrated',
        message: expect.stringContaining('migrate()') as string,
      });
    }
    expect(await storage.drift()).toContainEqual({ kind: 'missing_index', name: 'sessions.user' });
    await storage.migrate();
    expect((await storage.drift()).filter(({ kind }) => kind === 'missing_index')).toEqual([]);
    expect((await items.list({ index: 'user', value: 'u', limit: 9 })).items).toHaveLength(1);
    // A process of the old release that ends only now has written beside the index.
    await old.create({ id: 'beside', user: 'u', createdAt: 2 });
    await storage.migrate({ rebuild: true });
    expect(await items.deleteWhere('user', 'u')).toBe(2);
  });

  it('reports a server that evicts, and one that does not sync what was promised to be durable', async () => {
    const policy = 'maxmemory_policy:allkeys-lru\r\n';
    const told: RedisClient = {
      status: 'ready',
      duplicate: () => client.duplicate(),
      call: (command, ...args) =>
        command === 'INFO'
          ? Promise.resolve(args[0] === 'memory' ? policy : 'aof_enabled:0\r\n')
          : client.call(command, ...args),
    };
    const { storage } = await open({ client: told, durable: true });
    expect(storage.capabilities.durable).toBe(true);
    expect((await storage.drift()).map(({ kind }) => kind)).toEqual(['evicts', 'not_durable']);
  });

  it('reads a record with one plain GET, and keeps it in one string', async () => {
    const commands: string[] = [];
    const spy = intercepted(client, (command) => void commands.push(command));
    const { items, session, key } = await open({ client: spy });
    await items.create(session());
    commands.length = 0;
    expect((await items.get('a'))?.record).toEqual(session());
    expect(commands).toEqual(['GET']);
    expect(await client.type(key('sessions:r:a'))).toBe('string');
  });

  it('lets no id choose its slot of a cluster, nor two ids one key', async () => {
    const { items, session, key } = await open();
    const ids = ['{x}', '%7Bx%7D', '{', '%', 'a}b{c'];
    for (const id of ids) expect(await items.create(session({ id }))).toBeTypeOf('string');
    for (const id of ids) expect((await items.get(id))?.record.id).toBe(id);
    expect((await client.keys(`${key('')}*`)).filter((name) => /[{}]/.test(name))).toEqual([]);
  });

  it(`sees a record by the process's clock and lets Redis remove it a day later, though the clock stands still or is years behind ${requirement('D2')}`, async () => {
    const { items, session, clock, key } = await open({ prefix: `${prefix}frozen:` });
    await items.create(session({ expiresAt: clock() + 1000 }));
    expect(await items.get('a')).toBeDefined();
    const left = await client.pttl(key('sessions:r:a'));
    expect(left).toBeGreaterThan(day);
    expect(left).toBeLessThanOrEqual(day + 1000);
    await items.touch([{ id: 'a', touchedAt: clock(), expiresAt: clock() + hour }]);
    expect(await client.pttl(key('sessions:r:a'))).toBeGreaterThan(day + hour - 60_000);
    clock.advance(hour);
    expect(await items.get('a')).toBeUndefined();
    expect(await client.exists(key('sessions:r:a'))).toBe(1);
    expect(await items.create(session())).toBeTypeOf('string');
    expect(await client.pttl(key('sessions:r:a'))).toBe(-1);
  });

  it(`misses no record whose process ended between the index and the record, or the record and the index ${requirement('D6')}`, async () => {
    let crash: string | undefined;
    const dying = intercepted(client, (command) => {
      if (command === crash) throw Object.assign(new Error('Connection is closed.'), { code: 'ECONNRESET' });
    });
    const { items, session, clock, listed, named } = await open({ client: dying });
    // Named, and never written: no reader sees it, and the name goes when it cannot be a create under way any more.
    crash = 'EVALSHA';
    expect(await errorOf(() => items.create(session()))).toBeInstanceOf(StorageUnavailableError);
    crash = undefined;
    expect(await named()).toHaveLength(1);
    expect([await listed(), await items.deleteWhere('user', 'u'), await items.get('a')]).toEqual([[], 0, undefined]);
    expect(await named()).toHaveLength(1);
    // Not named, so not written.
    crash = 'ZADD';
    expect(await errorOf(() => items.create(session({ id: 'b' })))).toBeInstanceOf(StorageUnavailableError);
    crash = undefined;
    expect(await items.get('b')).toBeUndefined();
    // Gone, and named still: taken once, and listed no more.
    await items.create(session({ id: 'c' }));
    crash = 'ZREM';
    expect((await items.take('c'))?.id).toBe('c');
    crash = undefined;
    expect([await listed(), await items.take('c'), await named()]).toEqual([
      [],
      undefined,
      expect.objectContaining({ length: 2 }),
    ]);
    // The same id again is named anew, and the old names take nothing with them.
    await items.create(session({ id: 'c' }));
    clock.advance(2 * hour);
    expect(await listed()).toEqual(['c']);
    expect(await named()).toHaveLength(1);
    expect((await items.scan({ limit: 10 })).items.map(({ record }) => record.id)).toEqual(['c']);
    expect(await items.deleteWhere('user', 'u')).toBe(1);
  });

  it('keeps the name of a create that a list or a revocation overtook', async () => {
    let pause: (() => Promise<void>) | undefined;
    const slow = intercepted(client, async (command) => {
      const first = pause;
      if (command !== 'EVALSHA' || first === undefined) return;
      pause = undefined;
      await first();
    });
    const { items, session, listed } = await open({ client: slow });
    let overtaken: readonly string[] | undefined;
    pause = async () => {
      overtaken = await listed();
      await items.deleteWhere('user', 'u');
    };
    await items.create(session());
    expect([overtaken, await listed()]).toEqual([[], ['a']]);
  });

  it('sweeps expired records out of every index, and what Redis itself had removed out of the directory', async () => {
    const { items, session, clock, named, key } = await open();
    for (const id of ['a', 'b', 'c']) await items.create(session({ id, expiresAt: clock() + 1000 }));
    await items.create(session({ id: 'lasting' }));
    await client.del(key('sessions:r:a'));
    clock.advance(2 * hour);
    expect(await items.deleteExpired(100)).toBe(3);
    expect(await items.deleteExpired(100)).toBe(0);
    // The name whose record Redis took went unseen by the sweep; the next list finds it.
    expect(await named()).toHaveLength(2);
    await items.list({ index: 'user', value: 'u', limit: 10 });
    expect(await named()).toHaveLength(1);
    const rest = await client.keys(`${key('sessions:d:')}*`);
    expect(rest).toHaveLength(1);
  });

  it('sweeps a record whose expiry was brought forward', async () => {
    const { items, session, clock } = await open();
    const version = (await items.create(session())) ?? '';
    await items.update('a', version, session({ expiresAt: clock() + 10 }));
    expect((await items.scan({ limit: 5 })).items).toHaveLength(1);
    clock.advance(2 * hour);
    expect(await items.deleteExpired(5)).toBe(1);
  });

  it('recognises its own create and update when the client sends them twice', async () => {
    let twice = false;
    const resending: RedisClient = {
      status: 'ready',
      duplicate: () => client.duplicate(),
      async call(command, ...args) {
        if (twice && command.startsWith('EVAL')) await client.call(command, ...args);
        return client.call(command, ...args);
      },
    };
    const { items, session, listed } = await open({ client: resending });
    // So that the scripts are there: what is sent twice is then run twice.
    await items.update('a', (await items.create(session())) ?? '', session());
    await items.delete('a');
    twice = true;
    const version = await items.create(session());
    expect(version).toBeTypeOf('string');
    const next = await items.update('a', version ?? '', session({ touchedAt: 5 }));
    expect(next).toBeTypeOf('string');
    expect((await items.get('a'))?.version).toBe(next);
    expect(await listed()).toEqual(['a']);
    expect(await items.create(session())).toBeUndefined();
  });

  it('sends a script whole when the server has forgotten it', async () => {
    const { items, session, storage } = await open();
    const rule = { algorithm: 'fixed-window', limit: 3, windowMs: 1000 } as const;
    await client.script('FLUSH');
    expect(await items.create(session())).toBeTypeOf('string');
    await client.script('FLUSH');
    expect((await items.take('a'))?.id).toBe('a');
    await client.script('FLUSH');
    expect((await storage.counters.consume('k', rule)).remaining).toBe(2);
    expect((await storage.counters.consume('k', rule)).remaining).toBe(1);
  });

  it('counts as the reference does where integers are largest, and when a clock goes back', async () => {
    const { storage, clock } = await open();
    const rules = [
      { algorithm: 'gcra', limit: 3, windowMs: 3_000_000_000_000_000, burst: 2 },
      { algorithm: 'gcra', limit: 7, windowMs: 86_400_000, burst: 5 },
      { algorithm: 'fixed-window', limit: Number.MAX_SAFE_INTEGER, windowMs: Number.MAX_SAFE_INTEGER },
    ] as const;
    for (const [at, rule] of rules.entries()) {
      let state: ReturnType<typeof consumeCounter>['state'];
      for (const [cost, force, pause] of [
        [1, false, 0],
        [2, false, 1],
        [2 ** 52, true, 7],
        [1, false, -5],
        [0, false, 3],
      ] as const) {
        clock.advance(pause);
        const expected = consumeCounter(state, { rule, cost, force, now: clock() });
        state = expected.state ?? state;
        expect(await storage.counters.consume(`large ${at}`, rule, { cost, force })).toEqual(expected.consumption);
      }
    }
  });

  it(`says what is wrong instead of "absent", and never with a key or a record in it ${requirement('D3')}`, async () => {
    const { items, session, key } = await open();
    await client.set(key('sessions:r:torn'), 'hunter2');
    await client.set(key('sessions:r:broken'), `${'0'.repeat(32)}${'0'.repeat(77)}{hunter2`);
    await client.hset(key('sessions:r:typed'), 'hunter2', '1');
    for (const [id, code] of [
      ['torn', 'storage_unavailable'],
      ['broken', 'storage_unavailable'],
      ['typed', 'storage_drifted'],
    ] as const) {
      for (const call of [() => items.get(id), () => items.take(id)]) {
        const error = await errorOf(call);
        expect(error).toMatchObject({ code });
        const { cause } = error as Error;
        const said = `${String(error)} ${JSON.stringify(error)} ${String(cause)} ${JSON.stringify(cause)} ${Object.keys(cause ?? {}).join()}`;
        expect(said).not.toMatch(/hunter2|typed|command/);
      }
    }
    expect(await errorOf(() => items.update('torn', 'x', session({ id: 'torn' })))).toMatchObject({
      code: 'storage_unavailable',
    });
  });

  it(`throws storage_unavailable at once for a read-only server and when the call is given up ${requirement('D3')}`, async () => {
    const replies = (reply: () => Promise<unknown>): RedisClient => ({
      status: 'ready',
      duplicate: () => client.duplicate(),
      call: reply,
    });
    const refusing = createRedisStorage(
      replies(() => Promise.reject(new Error("READONLY You can't write against a read only replica."))),
    );
    const session = { id: 'a', user: 'u', createdAt: 1 };
    const error = await errorOf(() => refusing.collection<Session>(sessions).create(session));
    expect(error).toMatchObject({ code: 'storage_unavailable', cause: { code: 'READONLY' } });

    const silent = createRedisStorage(
      replies(() => new Promise(() => undefined)),
      { timeoutMs: 20 },
    );
    const items = silent.collection<Session>(sessions);
    const abort = new AbortController();
    const given = [
      items.get('a'),
      items.get('b'),
      items.get('a', { timeoutMs: 1 }),
      items.get('a', { signal: abort.signal }),
      items.create(session),
      items.get('a', { signal: AbortSignal.abort() }),
    ].map((call) => errorOf(() => call));
    abort.abort();
    for (const each of await Promise.all(given)) expect(each).toBeInstanceOf(StorageUnavailableError);
  });

  it('refuses a client whose answers are mapped to another form', async () => {
    const buffers: RedisClient = {
      status: 'ready',
      duplicate: () => client.duplicate(),
      call: async () => Buffer.from('x'),
    };
    const items = createRedisStorage(buffers).collection<Session>(sessions);
    expect(await errorOf(() => items.get('a'))).toMatchObject({ code: 'storage_drifted' });
  });
});
