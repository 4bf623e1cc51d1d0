import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { StoredRecord } from '@portcullis/core/storage';
import { redis, requirement } from '@portcullis-internal/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { createRedisStorage } from '../src/index.js';
import { flush, openIoredis, ownPrefix } from './support/servers.js';

interface Result {
  readonly taken: readonly string[];
  readonly created: readonly string[];
  readonly allowed: number;
}

interface Owned extends StoredRecord {
  readonly owner: string;
}

const racer = fileURLToPath(new URL('support/racer.mjs', import.meta.url));
const execArgv = process.env['PORTCULLIS_BUILT'] ? [] : ['--import', 'tsx', '--conditions', '@portcullis/source'];
const service = await redis();

const message = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The process ended with ${code} before it answered.`)));
  });

describe.skipIf(service === undefined)('createRedisStorage in several processes', () => {
  const { port } = service ?? { port: 0 };
  const prefix = ownPrefix();
  const client = openIoredis(port);
  afterAll(async () => {
    client.disconnect();
    await flush(port, prefix);
    await service?.stop();
  });

  it(`gives each record to one process, each id to one creator, and counts every unit once ${requirement('D1')}`, {
    timeout: 60_000,
  }, async () => {
    const storage = createRedisStorage(client, { prefix });
    const items = storage.collection<Owned>({ name: 'race', indexes: ['owner'] });
    await storage.migrate();
    const ids = Array.from({ length: 300 }, (_, index) => `record ${index}`);
    const children = Array.from({ length: 4 }, (_, index) =>
      fork(racer, [String(port), prefix, JSON.stringify(ids), String(index * 75)], { execArgv, stdio: 'inherit' }),
    );
    await Promise.all(children.map(message));
    await Promise.all(ids.map(async (id) => items.create({ id, owner: 'o', createdAt: 1 })));

    const results = (await Promise.all(
      children.map((child) => {
        const answer = message(child);
        child.send('go');
        return answer;
      }),
    )) as Result[];
    expect(results.flatMap(({ taken }) => taken).toSorted()).toEqual(ids.toSorted());
    expect(results.flatMap(({ created }) => created).toSorted()).toEqual(ids.toSorted());
    expect(results.reduce((sum, { allowed }) => sum + allowed, 0)).toBe(1000);
    expect(await items.deleteWhere('owner', 'o')).toBe(300);
    // Otherwise the first process had done all before the second began, and nothing was raced.
    expect(results.filter(({ taken }) => taken.length > 0).length).toBeGreaterThan(1);
  });
});
