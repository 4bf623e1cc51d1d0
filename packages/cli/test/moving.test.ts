import { existsSync, readFileSync, statSync } from 'node:fs';
import { apiKeyCollection } from '@portcullis/api-key';
import type { Page, Stored, StoredRecord } from '@portcullis/core';
import { sessionCollection } from '@portcullis/session';
import { createSqliteStorage, type SqliteStorage } from '@portcullis/storage-sqlite';
import Database from 'libsql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mysqlPlace, type Place, postgresPlace, redisPlace, sqlitePlace } from './places.js';
import { ended, killWhenSaid, portcullis, project, type Ran, start } from './support.js';

const sessions = 6000;
const keys = 1500;
const hour = 3_600_000;
const notes = { name: 'app_notes', indexes: ['topic'] };

interface Report {
  readonly verified: boolean;
  readonly collections: readonly Readonly<Record<string, unknown>>[];
}

const here = project();
const places: Place[] = [];
let now: number;

// What an application's own collection holds may be any JSON.
const awkward = {
  text: 'a\nb "c" \u2028 é 😀',
  nested: { list: [1, 0.1, 1.5e-9, null, true], empty: {} },
  __proto: 1,
};

function fill(storage: SqliteStorage): void {
  const of = (definition: object) => storage.collection<StoredRecord & Record<string, unknown>>(definition as never);
  for (let at = 0; at < keys; at += 1)
    of(apiKeyCollection).create({
      id: `key${at}`,
      owner: `owner ${at % 7}`,
      tenant: at % 2 === 0 ? 'acme' : 'other',
      hash: `h${at}`,
      environment: 'live',
      createdAt: now - at,
      ...(at % 3 === 0 && { touchedAt: now - 5 }),
    });
  for (let at = 0; at < sessions; at += 1)
    of(sessionCollection).create({
      id: `session ${at} é`,
      user: `user${at % 50}`,
      createdAt: now - (at % 10),
      touchedAt: now + at,
      // Some have expired long before they are moved.
      expiresAt: at % 100 === 0 ? 1000 : now + hour + at * 1000,
      data: { at },
    });
  of(notes).create({ id: '😀', topic: 'ö', createdAt: 1, ...awkward });
}

function contents(file: string): Record<string, unknown[]> {
  const database = new Database(file);
  const storage = createSqliteStorage(database as never);
  const all: Record<string, unknown[]> = {};
  for (const shape of [apiKeyCollection, sessionCollection, notes]) {
    const collection = storage.collection<StoredRecord>(shape as never);
    const records: StoredRecord[] = [];
    let cursor: string | undefined;
    do {
      const page = collection.scan({ limit: 1000, ...(cursor === undefined ? {} : { cursor }) }) as Page<
        Stored<StoredRecord>
      >;
      records.push(...page.items.map(({ record }) => record));
      ({ cursor } = page);
    } while (cursor !== undefined);
    all[shape.name] = records;
  }
  database.close();
  return all;
}

const reportOf = ({ stdout, stderr }: Ran): Report => {
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Report;
};
const created = (report: Report, name: string): unknown =>
  report.collections.find((each) => each['name'] === name)?.['created'];

beforeAll(async () => {
  now = Date.now();
  here.write(
    'portcullis.config.mjs',
    `export default { collections: [{ name: 'api_keys', indexes: ['owner', 'tenant'] }, { name: 'sessions', indexes: ['user'] },
      { name: 'app_notes', indexes: ['topic'] }, { name: 'leases' }] };`,
  );
  const database = new Database(here.path('first.db'));
  const storage = createSqliteStorage(database as never, { durability: 'normal' });
  for (const shape of [apiKeyCollection, sessionCollection, notes]) storage.collection(shape as never);
  storage.migrate();
  database.exec('BEGIN');
  fill(storage);
  database.exec('COMMIT');
  database.close();
  for (const open of [postgresPlace, mysqlPlace, redisPlace]) {
    const place = await open();
    if (place !== undefined) places.push(place);
  }
}, 120_000);

afterAll(async () => {
  for (const place of places) await place.close();
  here.remove();
});

describe('export and import', () => {
  it('carry a storage from SQLite to PostgreSQL, MariaDB, Redis and back to SQLite', async () => {
    const chain = [sqlitePlace('first.db'), ...places, sqlitePlace('last.db')];
    for (const [at, to] of chain.slice(1).entries()) {
      const from = chain[at]!;
      const file = `hop-${at}.jsonl`;
      const exported = await ended(start(here, ['export', ...from.options, '--out', file]));
      expect(exported, from.name).toMatchObject({ code: 0, stderr: '' });
      expect(statSync(here.path(file)).mode & 0o777).toBe(0o600);
      const imported = await ended(start(here, ['import', file, ...to.options, '--migrate', '--json']));
      expect(imported, to.name).toMatchObject({ code: 0, stderr: '' });
      const report = reportOf(imported);
      expect(report.verified).toBe(true);
      expect([created(report, 'api_keys'), created(report, 'sessions'), created(report, 'app_notes')]).toEqual([
        keys,
        sessions - sessions / 100,
        1,
      ]);
      const page = await portcullis(here, [
        'keys',
        'list',
        '--owner',
        'owner 3',
        '--limit',
        '1000',
        '--json',
        ...to.options,
      ]);
      const listed = (JSON.parse(page.stdout) as { items: { id: string }[] }).items.map(({ id }) => id);
      expect(listed).toEqual(
        Array.from({ length: keys }, (_, k) => k)
          .filter((k) => k % 7 === 3)
          .map((k) => `key${k}`),
      );
      expect((await portcullis(here, ['check', ...to.options])).code, to.name).toBe(0);
    }
    expect(contents(here.path('last.db'))).toEqual(contents(here.path('first.db')));
  }, 300_000);

  it('go through a pipe', async () => {
    const from = start(here, ['export', ...sqlitePlace('first.db').options]);
    const to = start(here, ['import', '-', ...sqlitePlace('piped.db').options, '--migrate', '--json']);
    from.stdout?.pipe(to.stdin!);
    const [exported, imported] = await Promise.all([ended(from), ended(to)]);
    expect(exported).toMatchObject({ code: 0 });
    expect(reportOf(imported).verified).toBe(true);
    expect(contents(here.path('piped.db'))).toEqual(contents(here.path('first.db')));
  }, 60_000);

  it('go on after an export was killed', async () => {
    const args = ['export', ...sqlitePlace('first.db').options, '--out', 'killed.jsonl', '--progress'];
    const child = start(here, args);
    killWhenSaid(child, 'exporting');
    expect((await ended(child)).signal).toBe('SIGKILL');
    expect([existsSync(here.path('killed.jsonl')), existsSync(here.path('killed.jsonl.partial'))]).toEqual([
      false,
      true,
    ]);
    expect(await portcullis(here, ['import', 'killed.jsonl', ...sqlitePlace('x.db').options])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('.partial') as string,
    });
    expect(await portcullis(here, args)).toMatchObject({ code: 0 });
    expect(existsSync(here.path('killed.jsonl.partial'))).toBe(false);
    await portcullis(here, ['export', ...sqlitePlace('first.db').options, '--out', 'whole.jsonl']);
    const linesOf = (name: string): string[] => readFileSync(here.path(name), 'utf8').split('\n').slice(1);
    expect(linesOf('killed.jsonl')).toEqual(linesOf('whole.jsonl'));
  }, 60_000);

  it('go on after an import was killed, whatever the storage', async () => {
    await portcullis(here, ['export', ...sqlitePlace('first.db').options, '--out', 'again.jsonl']);
    for (const to of [...places, sqlitePlace('again.db')]) {
      await to.empty();
      const args = ['import', 'again.jsonl', ...to.options, '--migrate', '--progress', '--json'];
      const child = start(here, args);
      killWhenSaid(child, 'importing');
      expect((await ended(child)).signal, to.name).toBe('SIGKILL');
      const report = reportOf(await ended(start(here, args)));
      expect(report.verified, to.name).toBe(true);
      const counted = report.collections.map((each) => [
        Number(each['created']),
        Number(each['present']),
        Number(each['conflicts']),
      ]);
      const sum = (at: number): number => counted.reduce((total, row) => total + (row[at] ?? 0), 0);
      expect(sum(0) + sum(1), to.name).toBe(keys + sessions - sessions / 100 + 1);
      expect(sum(0), `${to.name}: killed in the middle`).toBeGreaterThan(0);
      expect(sum(1), `${to.name}: killed in the middle`).toBeGreaterThan(0);
      expect(sum(2)).toBe(0);
    }
  }, 300_000);

  it('refuse a partial export of another storage, and a collection that nobody named', async () => {
    here.write(
      'other.jsonl.partial',
      readFileSync(here.path('hop-0.jsonl'), 'utf8').replace('"sqlite:first.db"', '"sqlite:other.db"'),
    );
    const args = ['export', ...sqlitePlace('first.db').options, '--out', 'other.jsonl'];
    expect(await portcullis(here, args)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--restart') as string,
    });
    expect(await portcullis(here, [...args, '--restart'])).toMatchObject({ code: 0 });

    here.write('known.mjs', 'export default {};');
    for (const place of [sqlitePlace('first.db'), ...places]) {
      const unnamed = ['export', '--config', 'known.mjs', ...place.options, '--out', `un-${place.name}.jsonl`];
      expect(await portcullis(here, unnamed), place.name).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('also holds app_notes') as string,
      });
      const chosen = await portcullis(here, [...unnamed, '--collection', 'api_keys', '--json']);
      expect(JSON.parse(chosen.stdout)).toMatchObject({ collections: { api_keys: { records: keys } } });
    }
  }, 60_000);

  it('say what is different, and end with 1', async () => {
    const text = readFileSync(here.path('hop-0.jsonl'), 'utf8');
    here.write('edited.jsonl', text.replace('"h7"', '"h8"'));
    const edited = await portcullis(here, ['import', 'edited.jsonl', ...sqlitePlace('edited.db').options, '--migrate']);
    expect(edited).toMatchObject({ code: 1, stderr: expect.stringContaining('[transfer_altered]') as string });
    const once = await portcullis(here, ['import', 'hop-0.jsonl', ...sqlitePlace('edited.db').options]);
    expect(once).toMatchObject({ code: 1, stdout: expect.stringContaining('DIFFERENT') as string });
    const mended = await portcullis(here, ['import', 'hop-0.jsonl', ...sqlitePlace('edited.db').options, '--replace']);
    expect(mended).toMatchObject({ code: 0, stdout: expect.stringContaining('Every record is there') as string });
    expect(
      await portcullis(here, ['import', '-', ...sqlitePlace('edited.db').options], { stdin: text.slice(0, 5000) }),
    ).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('[transfer_incomplete]') as string,
    });
  }, 60_000);
});
