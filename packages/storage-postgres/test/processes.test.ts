import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { requirement } from '@portcullis-internal/testkit';
import type { StoredRecord } from '@portcullis/core/storage';
import { afterAll, describe, expect, it } from 'vitest';
import { createPostgresStorage } from '../src/index.js';
import { openPool, ownSchema } from './support/databases.js';

interface Result {
  readonly taken: readonly string[];
  readonly created: readonly string[];
  readonly replaced: readonly string[];
  readonly allowed: number;
}

interface Owned extends StoredRecord {
  readonly owner: string;
}

const racer = fileURLToPath(new URL('support/racer.mjs', import.meta.url));
const execArgv = process.env['PORTCULLIS_BUILT'] ? [] : ['--import', 'tsx', '--conditions', '@portcullis/source'];

const message = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The process ended with ${code} before it answered.`)));
  });

const own = await ownSchema();

describe.runIf(own !== undefined)('createPostgresStorage in several processes', { timeout: 30_000 }, () => {
  afterAll(async () => own?.drop());

  it(`gives each record to one process, each id to one creator, and counts every unit once ${requirement('D1')}`, {
    timeout: 60_000,
  }, async () => {
    const { url, schema } = own ?? { url: '', schema: '' };
    const pool = openPool(url);
    const storage = createPostgresStorage(pool, { schema });
    const items = storage.collection<Owned>({ name: 'race', indexes: ['owner'] });
    const ids = Array.from({ length: 200 }, (_, index) => `record ${index}`);
    // Four processes migrate an empty schema at once; the records are there before they are told to begin.
    const children = Array.from({ length: 4 }, (_, index) =>
      fork(
        racer,
        [url, schema, ids, index * 50].map((value) => JSON.stringify(value)),
        { execArgv, stdio: 'inherit' },
      ),
    );
    await Promise.all(children.map(message));
    await Promise.all(
      ids.map(async (id) => {
        await items.create({ id, owner: 'o', createdAt: 1 });
        await items.create({ id: `expired ${id}`, owner: 'p', createdAt: 1, expiresAt: 2 });
      }),
    );

    const results = (await Promise.all(
      children.map((child) => {
        const answer = message(child);
        child.send('go');
        return answer;
      }),
    )) as Result[];
    expect(results.flatMap(({ taken }) => taken).toSorted()).toEqual(ids.toSorted());
    expect(results.flatMap(({ created }) => created).toSorted()).toEqual(ids.toSorted());
    expect(results.flatMap(({ replaced }) => replaced).toSorted()).toEqual(ids.toSorted());
    expect(results.reduce((sum, { allowed }) => sum + allowed, 0)).toBe(1000);
    // Otherwise the first process had done all before the second began, and nothing was raced.
    expect(results.filter(({ taken }) => taken.length > 0).length).toBeGreaterThan(1);
    await pool.end();
  });
});
