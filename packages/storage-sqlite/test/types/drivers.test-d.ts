import Libsql from 'libsql';
import { type SqliteDatabase, createSqliteStorage } from '../../src/index.js';

// Each driver's own declaration, or its essence where the driver is not installed, is taken without a cast.
interface NodeStatement {
  get(...values: (null | number | bigint | string | Uint8Array)[]): Record<string, unknown> | undefined;
  all(...values: (null | number | bigint | string | Uint8Array)[]): Record<string, unknown>[];
  run(...values: (null | number | bigint | string | Uint8Array)[]): { changes: number | bigint };
}
interface BunStatement {
  get(...values: (string | bigint | NodeJS.TypedArray | number | boolean | null)[]): unknown;
  all(...values: (string | bigint | NodeJS.TypedArray | number | boolean | null)[]): unknown[];
  run(...values: (string | bigint | NodeJS.TypedArray | number | boolean | null)[]): { changes: number };
}
declare const node: { prepare(sql: string): NodeStatement };
declare const bun: { prepare(sql: string, params?: unknown): BunStatement };

export const taken: readonly SqliteDatabase[] = [new Libsql(':memory:'), node, bun];

// @ts-expect-error a file name is not a database
createSqliteStorage('file.db');
