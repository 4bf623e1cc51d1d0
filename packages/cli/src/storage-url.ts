import { UsageError } from './failures.js';

/** A SQLite file. */
export interface SqliteUrl {
  readonly kind: 'sqlite';
  readonly file: string;
  readonly name: string;
}

/** A server, as its client library takes it. */
export interface ServerUrl {
  readonly kind: 'postgres' | 'mysql' | 'redis';
  readonly url: string;
  readonly name: string;
  /** What no message may hold. */
  readonly secrets: readonly string[];
}

/** Some nodes of a Redis Cluster. */
export interface ClusterUrl extends Pick<ServerUrl, 'name' | 'secrets'> {
  readonly kind: 'redis-cluster';
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: boolean;
}

/** A storage URL, told apart. */
export type StorageUrl = SqliteUrl | ServerUrl | ClusterUrl;

const kinds: Readonly<Record<string, 'postgres' | 'mysql' | 'redis' | 'redis-cluster'>> = {
  'postgres:': 'postgres',
  'postgresql:': 'postgres',
  'mysql:': 'mysql',
  'mariadb:': 'mysql',
  'redis:': 'redis',
  'rediss:': 'redis',
  'redis+cluster:': 'redis-cluster',
  'rediss+cluster:': 'redis-cluster',
};
const forms =
  'sqlite:./auth.db, postgres://host/db, mysql://host/db, redis://host or redis+cluster://host:port,host:port';

/**
 * Tells a storage URL apart. `name` is what may be shown of it.
 *
 * @throws UsageError, never with a part of the URL that could be a secret
 */
export function parseStorageUrl(text: string): StorageUrl {
  const scheme = /^[a-z][a-z+]*:/i.exec(text)?.[0].toLowerCase();
  if (scheme === 'sqlite:') {
    const file = text.slice('sqlite:'.length).replace(/^\/\/(?=.)/, '');
    if (file === '' || file === ':memory:')
      throw new UsageError(
        'sqlite: names a file, as in sqlite:./auth.db. A database in memory is gone when the command ends.',
      );
    return { kind: 'sqlite', file, name: `sqlite:${file}` };
  }
  const kind = scheme === undefined ? undefined : kinds[scheme];
  if (kind === undefined || scheme === undefined)
    throw new UsageError(`The storage's URL begins with no scheme that is known. Use ${forms}.`);
  const unreadable = (): UsageError =>
    new UsageError(
      `The storage's URL cannot be read. In a user name or password write special characters percent-encoded: %40 for @, %23 for #, %2F for /, %3F for ?, %3A for :.`,
    );
  // Of a cluster, the first node makes a URL; the others follow it.
  const [, start = '', hosts = '', rest = ''] = /^([^/]*\/\/(?:[^@/]*@)?)([^@/?#]+)(.*)$/.exec(text) ?? [];
  const nodes = hosts.split(',');
  if (nodes.length > 1 && kind !== 'redis-cluster') throw new UsageError('Only redis+cluster:// takes several hosts.');
  let url: URL;
  try {
    url = new URL(`${start.replace(scheme, 'http:')}${nodes[0] ?? ''}${rest}`);
    for (const part of [url.username, url.password]) decodeURIComponent(part);
  } catch {
    throw unreadable();
  }
  // Where a password has a # or ?, what comes before it would be taken for a host, and shown.
  if (url.hash !== '' || url.search.includes('@') || url.hostname === '') throw unreadable();
  const path = url.pathname.replace(/^\/+/, '');
  if (kind === 'mysql' && path === '') throw new UsageError('A mysql URL names its database: mysql://host/DATABASE.');
  const user = url.username === '' ? '' : `${url.username}@`;
  const name = `${scheme}//${user}${hosts}${path === '' ? '' : `/${path}`}`;
  const secrets = [url.password, decodeURIComponent(url.password)].filter((secret) => secret !== '');
  if (kind !== 'redis-cluster') return { kind, url: text.replace(/^mariadb:/i, 'mysql:'), name, secrets };
  return {
    kind,
    name,
    secrets,
    tls: scheme === 'rediss+cluster:',
    username: url.username === '' ? undefined : decodeURIComponent(url.username),
    password: url.password === '' ? undefined : decodeURIComponent(url.password),
    nodes: nodes.map((node) => {
      const [, host, port = '6379'] = /^(\[[\da-f:]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(node) ?? [];
      if (host === undefined) throw unreadable();
      return { host: host.replaceAll(/[[\]]/g, ''), port: Number(port) };
    }),
  };
}
