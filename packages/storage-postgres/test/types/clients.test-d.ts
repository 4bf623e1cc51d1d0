import type { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import postgresJs from 'postgres';
import { type PgClient, type PostgresClient, createPostgresStorage } from '../../src/index.js';

// Each driver's own declaration is taken without a cast.
declare const pglite: PGlite;
export const taken: readonly PostgresClient[] = [
  new pg.Pool(),
  postgresJs(),
  postgresJs({ types: { bigint: postgresJs.BigInt }, transform: postgresJs.camel }),
  pglite,
];
export const listener: PgClient = new pg.Client();
createPostgresStorage(new pg.Pool(), {
  connectListener: async () => {
    const client = new pg.Client();
    await client.connect();
    return client;
  },
});

// @ts-expect-error an address is not a client
createPostgresStorage('postgres://localhost');
// @ts-expect-error a single connection is not a pool: its calls would wait for each other
createPostgresStorage(new pg.Client());
