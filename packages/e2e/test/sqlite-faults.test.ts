import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSqliteStorage } from '@portcullis/storage-sqlite';
import { requirement } from '@portcullis-internal/testkit';
import Database from 'libsql';
import { afterAll, describe, expect, it } from 'vitest';
import { createFaultLoad, type FaultLoad } from './fault-load.js';

const folder = mkdtempSync(join(tmpdir(), 'portcullis-e2e-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// As storage-faults.test.ts, for the storage that has no server: what may break is the file, its disk, or a process that uses it.
const through = async (
  name: string,
  broken: (database: InstanceType<typeof Database>, load: FaultLoad) => Promise<void>,
): Promise<FaultLoad> => {
  const database = new Database(join(folder, `${name}.db`));
  const storage = createSqliteStorage(database, { busyTimeoutMs: 5 });
  const load = await createFaultLoad(storage, async () => storage.migrate());
  const stop = load.run();
  try {
    await load.until('succeeded', 20);
    await broken(database, load);
    await load.recovered();
    await load.until('succeeded', 20);
  } finally {
    await stop();
  }
  expect(await load.faults()).toEqual([]);
  expect([...load.codes]).toEqual(['storage_unavailable']);
  database.close();
  return load;
};

describe('API keys under load, on SQLite', { timeout: 30_000 }, () => {
  it(`lose nothing that was acknowledged when the disk is full ${requirement('D3')}`, async () => {
    await through('full', async (database, load) => {
      const [{ page_count: pages }] = database.prepare('PRAGMA page_count').all() as [{ page_count: number }];
      database.prepare(`PRAGMA max_page_count = ${pages}`).get();
      await load.until('failed', 20);
      database.prepare('PRAGMA max_page_count = 1000000').get();
    });
  });

  it(`are read and never issued or revoked while the database only reads ${requirement('D3')}`, async () => {
    await through('readonly', async (database, load) => {
      database.prepare('PRAGMA query_only = 1').run();
      await load.until('failed', 20);
      database.prepare('PRAGMA query_only = 0').run();
    });
  });

  it(`are read while another process writes for longer than the timeout, and go on when it is done ${requirement('D3')}`, async () => {
    const load = await through('locked', async (_database, running) => {
      const other = new Database(join(folder, 'locked.db'));
      other.exec('BEGIN IMMEDIATE');
      await running.until('failed', 20);
      other.exec('COMMIT');
      other.close();
    });
    expect(load.statuses).toContain(200);
  });

  it(`are 503, and not unknown, when their table is gone ${requirement('C2', 'D3')}`, async () => {
    const database = new Database(join(folder, 'damaged.db'));
    const storage = createSqliteStorage(database);
    const load = await createFaultLoad(storage, async () => storage.migrate());
    const { key } = await load.keys.create({ owner: 'ada' });
    expect(await load.ask(key.reveal())).toBe(200);
    database.exec('DROP TABLE portcullis_api_keys');
    expect(await load.ask(key.reveal())).toBe(503);
    database.close();
  });

  it(`are all there, and the revoked are not, when the process that wrote them is killed ${requirement('D3', 'K5')}`, async () => {
    const file = join(folder, 'killed.db');
    const execArgv = process.env['PORTCULLIS_BUILT'] ? [] : ['--import', 'tsx', '--conditions', '@portcullis/source'];
    const child: ChildProcess = fork(fileURLToPath(new URL('support/sqlite-writer.mjs', import.meta.url)), [file], {
      execArgv,
      stdio: 'inherit',
    });
    const living = new Set<string>();
    const revoked = new Set<string>();
    let enough: () => void = () => undefined;
    const busy = new Promise<void>((resolve) => {
      enough = resolve;
    });
    // It says what was acknowledged, after it was.
    child.on('message', ({ made, ending, revoked: ended }: Record<string, string | undefined>) => {
      if (made !== undefined) living.add(made);
      if (ending !== undefined) living.delete(ending);
      if (ended !== undefined) revoked.add(ended);
      if (revoked.size > 100) enough();
    });
    await busy;
    const gone = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
    child.kill('SIGKILL');
    await gone;

    const database = new Database(file);
    const storage = createSqliteStorage(database);
    const load = await createFaultLoad(storage, async () => storage.migrate());
    const answers = async (texts: ReadonlySet<string>): Promise<ReadonlySet<number>> =>
      new Set(await Promise.all([...texts].map((text) => load.ask(text))));
    expect(await answers(living)).toEqual(new Set([200]));
    expect(await answers(revoked)).toEqual(new Set([401]));
    database.close();
  });
});
