import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Libsql from 'libsql';
import type { SqliteValue } from '../../src/index.js';

/** A statement as tests use it. */
export interface OpenStatement {
  get(...values: SqliteValue[]): unknown;
  all(...values: SqliteValue[]): unknown[];
  run(...values: SqliteValue[]): unknown;
}

/** A database whose statements a test calls itself. */
export interface TestDatabase {
  prepare(sql: string): OpenStatement;
}

/** A database that a test opened and closes. */
export interface OpenDatabase extends TestDatabase {
  readonly close: () => unknown;
}

/** A driver that this runtime has. */
export interface Driver {
  readonly name: string;
  readonly open: (file: string) => OpenDatabase;
}

interface NodeSqlite {
  readonly DatabaseSync: new (file: string) => OpenDatabase;
}

const nodeSqlite = process.getBuiltinModule?.('node:sqlite') as NodeSqlite | undefined;

/** libsql everywhere; node:sqlite where the runtime has it. */
export const drivers: readonly Driver[] = [
  { name: 'libsql', open: (file) => new Libsql(file) as unknown as OpenDatabase },
  ...(nodeSqlite === undefined
    ? []
    : [{ name: 'node:sqlite', open: (file: string) => new nodeSqlite.DatabaseSync(file) }]),
];

/** A folder for database files; `remove` takes it away with all that is in it. */
export function temporaryFolder(): { readonly file: (name: string) => string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-sqlite-'));
  return { file: (name) => join(folder, name), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A database whose statements fail while `broken` says so, as a disk that is gone makes them. */
export function breakable(database: TestDatabase): {
  readonly database: TestDatabase;
  readonly setBroken: (broken: boolean) => void;
} {
  let broken = false;
  const guarded = <R>(work: () => R): R => {
    if (broken) throw Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR' });
    return work();
  };
  return {
    database: {
      prepare: (sql) =>
        guarded(() => {
          const statement = database.prepare(sql);
          return {
            get: (...values) => guarded(() => statement.get(...values)),
            all: (...values) => guarded(() => statement.all(...values)),
            run: (...values) => guarded(() => statement.run(...values)),
          };
        }),
    },
    setBroken(value) {
      broken = value;
    },
  };
}
