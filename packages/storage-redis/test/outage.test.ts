import { StorageUnavailableError, type StoredRecord } from '@portcullis/core/storage';
import { crashableRedis, requirement, tcpProxy } from '@portcullis-internal/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { createRedisStorage } from '../src/index.js';
import { kinds, ownPrefix } from './support/servers.js';

interface Session extends StoredRecord {
  readonly user: string;
}

const sessions = { name: 'sessions', indexes: ['user'] as const };
const service = await crashableRedis({ sync: true });

const errorOf = async (work: () => unknown): Promise<unknown> => {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error;
  }
};

// Asks again, without a pause of its own, until the client has its connection back.
const recovered = async <R>(work: () => PromiseLike<R> | R): Promise<R> => {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StorageUnavailableError)) throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
};

describe.skipIf(service === undefined).each(kinds)('createRedisStorage in an outage ($name)', (kind) => {
  afterAll(() => (kind === kinds.at(-1) ? service?.stop() : undefined));

  it(`is unavailable while the server is killed, keeps nothing for later, and goes on after its restart ${requirement('D3')}`, {
    timeout: 30_000,
  }, async () => {
    if (service === undefined) throw new Error('no server');
    const opened = await kind.open(service.port);
    const storage = createRedisStorage(opened.client, { prefix: ownPrefix() });
    const items = storage.collection<Session>(sessions);
    await storage.migrate();
    const session = (id: string): Session => ({ id, user: 'u', createdAt: 1 });
    await items.create(session('revoked'));
    const version = await items.create(session('kept'));
    await items.delete('revoked');

    let back: (() => void) | undefined;
    const heard: string[] = [];
    const lost = new Promise<void>((resolve) => {
      back = resolve;
    });
    await storage.bus.subscribe('news', {
      message: (text) => void heard.push(text),
      lost: () => back?.(),
    });

    await service.crash();
    await lost;
    for (const call of [
      () => items.get('kept', { timeoutMs: 500 }),
      () => items.create(session('late'), { timeoutMs: 500 }),
      () => items.take('kept', { timeoutMs: 500 }),
      () => items.deleteWhere('user', 'u', { timeoutMs: 500 }),
      () => storage.bus.publish('news', 'unheard'),
    ]) {
      expect(await errorOf(call)).toBeInstanceOf(StorageUnavailableError);
    }

    const again = new Promise<void>((resolve) => {
      back = resolve;
    });
    await service.restart();
    // With each write synced, what was acknowledged before the crash is as it was, a revocation too.
    expect(await recovered(() => items.get('kept'))).toEqual({ record: session('kept'), version });
    expect([await items.get('revoked'), await items.get('late')]).toEqual([undefined, undefined]);
    // Heard of again once it listens again, since messages went by in between.
    await again;
    let hear: ((text: string) => void) | undefined;
    const news = new Promise<string>((resolve) => {
      hear = resolve;
    });
    await recovered(() => storage.bus.subscribe('more', { message: (text) => hear?.(text), lost: () => undefined }));
    await recovered(() => storage.bus.publish('more', 'news'));
    expect(await news).toBe('news');
    expect(heard).toEqual([]);
    storage.close();
    opened.end();
  });

  it('finds out by its heartbeat that a connection hears nothing, and says so', { timeout: 20_000 }, async () => {
    if (service === undefined) throw new Error('no server');
    const proxy = await tcpProxy(service);
    const opened = await kind.open(proxy.port);
    const storage = createRedisStorage(opened.client, { heartbeatMs: 30, timeoutMs: 1000 });
    const lost = new Promise<void>((resolve, reject) => {
      void Promise.resolve(storage.bus.subscribe('news', { message: () => undefined, lost: resolve })).then(
        () => proxy.freeze(),
        reject,
      );
    });
    await expect(lost).resolves.toBeUndefined();
    expect(await errorOf(() => storage.bus.publish('news', 'x'))).toBeInstanceOf(StorageUnavailableError);
    storage.close();
    expect(
      await errorOf(() => storage.bus.subscribe('news', { message: () => undefined, lost: () => undefined })),
    ).toBeInstanceOf(StorageUnavailableError);
    opened.end();
    await proxy.stop();
  });
});
