import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { postgresAnswers } from './probe.js';
import { type Service, missing, there } from './services.js';
import { findProgram, throwaway, userId } from './throwaway.js';

/**
 * PgBouncer in transaction mode before a server of PostgreSQL, with fewer connections to it than it takes from clients, so that
 * statements of one client go over several. As most tests want it, the server does not sync each write. `undefined` where the program is not installed.
 */
export async function pgbouncer(target: {
  readonly host: string;
  readonly port: number;
}): Promise<Service | undefined> {
  const program = findProgram('pgbouncer');
  if (!program) return missing('PgBouncer', 'no pgbouncer');
  // PgBouncer refuses to run as root.
  const uid = process.getuid?.() === 0 ? (userId('postgres') ?? userId('nobody')) : undefined;
  const started = await throwaway({
    name: 'PgBouncer',
    uid,
    command(folder, port) {
      if (uid !== undefined) chownSync(folder, uid, -1);
      const config = join(folder, 'pgbouncer.ini');
      writeFileSync(join(folder, 'users.txt'), '"postgres" ""\n');
      writeFileSync(
        config,
        `[databases]
* = host=${target.host} port=${target.port} user=postgres connect_query='SET synchronous_commit = off'
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
auth_file = ${join(folder, 'users.txt')}
pool_mode = transaction
default_pool_size = 4
max_client_conn = 100
ignore_startup_parameters = options,extra_float_digits,synchronous_commit
server_round_robin = 1
`,
      );
      return [program, config];
    },
    answers: (port) => postgresAnswers(port, 'postgres'),
    signal: 'SIGTERM',
  });
  return there(started.port, `postgres://postgres@127.0.0.1:${started.port}/postgres`, started);
}
