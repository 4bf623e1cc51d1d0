import type { StoredRecord } from '@portcullis/core/storage';
import { fakeClock } from '@portcullis-internal/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { type PgPool, createPostgresStorage } from '../src/index.js';
import { openPool, ownSchema } from './support/databases.js';

interface Key extends StoredRecord {
  readonly owner: string;
}

const keys = { name: 'keys', indexes: ['owner'] as const };
const own = await ownSchema();

describe.runIf(own !== undefined)('deleteExpired on PostgreSQL', { timeout: 30_000 }, () => {
  const { url, schema, run } = own ?? ({} as NonNullable<typeof own>);
  const pool = openPool(url, { max: 4 });

  afterAll(async () => {
    await pool.end();
    await own?.drop();
  });

  it('sweeps on from where it ended, and not over what it has deleted, though no vacuum runs and a snapshot is open', async () => {
    const clock = fakeClock();
    const seen: { readonly text: string; readonly values?: unknown[] }[] = [];
    const spied: PgPool = {
      query(statement) {
        seen.push(statement);
        return pool.query(statement);
      },
      connect: () => pool.connect(),
      on: () => undefined,
    };
    const storage = createPostgresStorage(spied, { clock, schema, prefix: 'swept_' });
    const items = storage.collection<Key>(keys);
    await storage.migrate();
    await run('ALTER TABLE swept_keys SET (autovacuum_enabled = off)');
    await run(
      `INSERT INTO swept_keys SELECT 'id' || n, 'v', n, null, 1000, 3600000, '{"owner":"o"}' FROM generate_series(1, 6000) AS n`,
    );
    await run('ANALYZE swept_keys');
    // As of a backup or a long report: what is deleted from now on stays in the index.
    const holder = await pool.connect();
    await holder.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await holder.query('SELECT 1');
    const visited: number[] = [];
    try {
      for (let batch = 0; batch < 10; batch += 1) {
        expect(await items.deleteExpired(500)).toBe(500);
        const { text, values = [] } = seen.at(-1) ?? { text: '' };
        const inner = /SELECT "ctid", "id" FROM [\s\S]* LIMIT \$2/.exec(text)?.[0];
        const asked = inner?.replaceAll(/\$(\d)/g, (_, at) => String(values[Number(at) - 1]));
        const rows = await run(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${asked}`);
        const [{ Plan: plan }] = rows[0]?.['QUERY PLAN'] as [{ Plan: Record<string, number> }];
        visited.push((plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0));
      }
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
    // Each batch, asked for once more where it began, has looked at as much as the first: its own and the next one's rows.
    expect(Math.max(...visited)).toBeLessThan(2 * (visited[0] ?? 0));
    // What came in behind is found all the same, and so is the rest.
    await run(`INSERT INTO swept_keys VALUES ('behind', 'v', 1, null, 1000, 3600000, '{"owner":"o"}')`);
    let deleted = 0;
    for (let gone = 1; gone > 0; deleted += gone) gone = await items.deleteExpired(400);
    expect(deleted).toBe(1001);
  });

  it('leaves rows that others have in hand to the next sweep', async () => {
    const clock = fakeClock();
    const storage = createPostgresStorage(pool, { clock, schema, prefix: 'locked_' });
    const items = storage.collection<Key>(keys);
    await storage.migrate();
    for (let at = 0; at < 20; at += 1)
      await items.create({ id: `k${at}`, owner: 'o', createdAt: clock() + at, expiresAt: clock() + 1000 });
    clock.advance(2 * 3_600_000);
    const holder = await pool.connect();
    await holder.query(`BEGIN; SELECT 1 FROM "${schema}".locked_keys WHERE id IN ('k3', 'k15') FOR UPDATE`);
    let deleted = 0;
    for (let gone = 1; gone > 0; deleted += gone) gone = await items.deleteExpired(7);
    await holder.query('ROLLBACK');
    holder.release();
    expect(deleted).toBe(18);
    expect(await items.deleteExpired(7)).toBe(2);
    expect(await items.deleteExpired(7)).toBe(0);
  });
});
