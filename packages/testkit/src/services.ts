import { chownSync } from 'node:fs';
import { mysqlAnswers, postgresAnswers, redisAnswers } from './probe.js';
import { type Throwaway, findProgram, throwaway, userId } from './throwaway.js';

/** A database that tests may use: one that was listening already, or one started for this test file. */
export interface Service {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** Ends what was started here; leaves alone what was there before. Call it in `afterAll`. */
  stop(): Promise<void>;
}

const host = '127.0.0.1';

/** A server of the test's own, that it may crash. */
export interface CrashableService extends Service {
  /** Ends it as `kill -9` does; its data stays. */
  crash(): Promise<void>;
  /** Starts it again on the same port and data, and waits until it answers. */
  restart(): Promise<void>;
  /** Starts it again if it has ended by itself, and waits until it answers. */
  revive(): Promise<void>;
  /** Where its data are. */
  readonly folder: string;
}

/** How a server is set up that a test may crash. */
export interface CrashableOptions {
  /** Whether each write is on its disk before it is acknowledged. MariaDB always does so. */
  readonly sync?: boolean;
  /** Megabytes of a disk of its own, which a test may fill. Only where `canMount()`. */
  readonly disk?: number | undefined;
  /** A server of the same kind that it begins as a copy of and follows: PostgreSQL only. The others are told so by a statement. */
  readonly replicaOf?: Service | undefined;
  /** Whether it can have replicas: MariaDB keeps a binary log only then. The others always can. */
  readonly replicated?: boolean;
}

/** A server on a port of this machine, with what was started for it. */
export const there = (port: number, url: string, started?: Throwaway): Service => ({
  host,
  port,
  url,
  stop: async () => started?.stop(),
});

/** One line for the log, or a failure where the environment promised the service. */
export function missing(name: string, why: string): undefined {
  const text = `${name} tests skipped: ${why}`;
  if (process.env['REQUIRE_SERVICES'] === '1') throw new Error(`REQUIRE_SERVICES=1, but ${text}`);
  console.warn(text);
  return undefined;
}

const postgresUrl = (port: number): string => `postgres://postgres@${host}:${port}/postgres`;
const mysqlUrl = (port: number): string => `mysql://root@${host}:${port}/test`;

const crashable = (url: string, started: Throwaway): CrashableService => ({
  ...there(started.port, url, started),
  crash: () => started.crash(),
  restart: () => started.restart(),
  revive: () => started.revive(),
  folder: started.folder,
});

/**
 * PostgreSQL as user `postgres`: on port 5432 if it trusts local users, else a throwaway cluster, else `undefined`.
 * Use names of your own for tables: other test files may use the same server at the same time.
 */
export async function postgres(): Promise<Service | undefined> {
  if (await postgresAnswers(5432, 'postgres')) return there(5432, postgresUrl(5432));
  return crashablePostgres();
}

/** As `postgres`, but always a throwaway cluster. It syncs to its disk only with `sync`. */
export async function crashablePostgres(options: CrashableOptions = {}): Promise<CrashableService | undefined> {
  const { replicaOf } = options;
  const initdb = findProgram(replicaOf === undefined ? 'initdb' : 'pg_basebackup');
  const server = findProgram('postgres');
  if (!initdb || !server) return missing('PostgreSQL', 'none that trusts local users on port 5432, and no initdb');
  // PostgreSQL refuses to run as root.
  const uid = process.getuid?.() === 0 ? (userId('postgres') ?? userId('nobody')) : undefined;
  const started = await throwaway({
    name: 'PostgreSQL',
    uid,
    disk: options.disk,
    prepare: (folder) => {
      if (uid !== undefined) chownSync(folder, uid, -1);
      const data = ['-D', `${folder}/data`, '-U', 'postgres', '--no-sync'];
      return replicaOf === undefined
        ? [initdb, ...data, '-A', 'trust', '-E', 'UTF8', '--locale=C']
        : [initdb, ...data, '-h', replicaOf.host, '-p', `${replicaOf.port}`, '-R', '--checkpoint=fast'];
    },
    command: (folder, port) => [
      server,
      '-D',
      `${folder}/data`,
      '-h',
      host,
      '-p',
      `${port}`,
      '-k',
      folder,
      ...(options.sync === true ? [] : ['-F']),
    ],
    answers: (port) => postgresAnswers(port, 'postgres'),
    signal: 'SIGINT',
  });
  return crashable(postgresUrl(started.port), started);
}

/** MySQL or MariaDB as `root` without a password: on port 3306, else a throwaway MariaDB, else `undefined`. */
export async function mysql(): Promise<Service | undefined> {
  if (await mysqlAnswers(3306)) return there(3306, mysqlUrl(3306));
  return crashableMysql();
}

/** As `mysql`, but always a throwaway MariaDB. */
export async function crashableMysql(options: CrashableOptions = {}): Promise<CrashableService | undefined> {
  const install = findProgram('mariadb-install-db');
  const server = findProgram('mariadbd');
  if (!install || !server) return missing('MySQL', 'no root without a password on port 3306, and no mariadbd');
  const asRoot = process.getuid?.() === 0 ? ['--user=root'] : [];
  const started = await throwaway({
    name: 'MariaDB',
    disk: options.disk,
    prepare: (folder) => [
      install,
      '--no-defaults',
      `--datadir=${folder}/data`,
      '--auth-root-authentication-method=normal',
      ...asRoot,
    ],
    command: (folder, port) => [
      server,
      '--no-defaults',
      `--datadir=${folder}/data`,
      `--socket=${folder}/socket`,
      `--pid-file=${folder}/pid`,
      `--bind-address=${host}`,
      `--port=${port}`,
      ...(options.replicated === true ? [`--log-bin=${folder}/data/log`, `--server-id=${port}`] : []),
      ...asRoot,
    ],
    answers: mysqlAnswers,
    signal: 'SIGTERM',
  });
  return crashable(mysqlUrl(started.port), started);
}

const redisCommand = (server: string, folder: string, port: number, extra: readonly string[] = []): string[] => {
  const options = `--bind ${host} --port ${port} --appendonly no`.split(' ');
  return [server, ...options, '--dir', folder, '--save', '', ...extra];
};

/** Redis without a password: on port 6379, else a throwaway one, else `undefined`. */
export async function redis(): Promise<Service | undefined> {
  const url = (port: number): string => `redis://${host}:${port}`;
  if (await redisAnswers(6379)) return there(6379, url(6379));
  const server = findProgram('redis-server');
  if (!server) return missing('Redis', 'none on port 6379, and no redis-server');
  const command = (folder: string, port: number): string[] => redisCommand(server, folder, port);
  const started = await throwaway({ name: 'Redis', command, answers: redisAnswers, signal: 'SIGTERM' });
  return there(started.port, url(started.port), started);
}

/** As `redis`, but always a throwaway one. A crash loses what it held, unless it syncs each write to its disk with `sync`. */
export async function crashableRedis(options: CrashableOptions = {}): Promise<CrashableService | undefined> {
  const server = findProgram('redis-server');
  if (!server) return missing('Redis', 'no redis-server');
  const extra = options.sync === true ? ['--appendonly', 'yes', '--appendfsync', 'always'] : [];
  const started = await throwaway({
    name: 'Redis',
    disk: options.disk,
    command: (folder, port) => redisCommand(server, folder, port, extra),
    answers: redisAnswers,
    signal: 'SIGTERM',
  });
  return crashable(`redis://${host}:${started.port}`, started);
}

/** A Redis Cluster of the test's own, whose nodes it may crash. */
export interface ClusterService extends Service {
  readonly ports: readonly number[];
  /** Ends the node on this port as `kill -9` does. */
  crash(port: number): Promise<void>;
  /** Starts it again, and waits until it answers. */
  restart(port: number): Promise<void>;
}

/** A throwaway Redis Cluster of three primaries, each with so many replicas; `port` and `url` are the first node's. */
export async function redisCluster(replicas: 0 | 1 = 0): Promise<ClusterService | undefined> {
  const server = findProgram('redis-server');
  const cli = findProgram('redis-cli');
  if (!server || !cli) return missing('Redis Cluster', 'no redis-server with redis-cli');
  const extra = [
    '--cluster-enabled',
    'yes',
    '--cluster-node-timeout',
    '2000',
    '--cluster-require-full-coverage',
    'yes',
  ];
  const node = (): Promise<Throwaway> =>
    throwaway({
      name: 'Redis Cluster node',
      // The bus listens on port + 10000 by default, which may not exist.
      command: (folder, port, second) => redisCommand(server, folder, port, [...extra, '--cluster-port', `${second}`]),
      answers: redisAnswers,
      signal: 'SIGTERM',
    });
  const nodes = await Promise.all(Array.from({ length: 3 + 3 * replicas }, node));
  const ports = nodes.map((one) => one.port);
  const first = nodes[0];
  const [port] = ports;
  if (!first || port === undefined) throw new Error('unreachable: three nodes were started');
  const at = (wanted: number): Throwaway => {
    const found = nodes.find((one) => one.port === wanted);
    if (found === undefined) throw new Error(`no node listens on ${wanted}`);
    return found;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((one) => one.stop()));
  };
  try {
    const addresses = ports.map((each) => `${host}:${each}`);
    await first.run([cli, '--cluster', 'create', ...addresses, '--cluster-replicas', `${replicas}`, '--cluster-yes']);
    await Promise.all(ports.map((each) => first.until(cli, each, 'cluster_state:ok')));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    host,
    port,
    ports,
    url: `redis://${host}:${port}`,
    crash: (wanted) => at(wanted).crash(),
    restart: (wanted) => at(wanted).restart(),
    stop,
  };
}
