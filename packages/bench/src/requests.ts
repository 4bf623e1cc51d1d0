import { type ChildProcess, fork } from 'node:child_process';
import autocannon from 'autocannon';
import { against, median } from './duel.js';

const variants = [
  'express:bare',
  'express:portcullis-key',
  'express:passport-headerapikey',
  'koa:bare',
  'koa:portcullis-key',
  'hono:bare',
  'hono:portcullis-key',
] as const;
const rounds = Number(process.env['ROUNDS'] ?? 11);

interface Server {
  readonly variant: string;
  readonly child: ChildProcess;
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
  /** CPU microseconds for one request, a round each. */
  readonly cpu: number[];
  readonly perSecond: number[];
}

function message<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (value) => resolve(value as T));
    child.once('exit', (code) => reject(new Error(`A server ended with ${code}.`)));
  });
}

async function start(variant: string): Promise<Server> {
  const child = fork(new URL('./request-server.ts', import.meta.url), [variant], {
    execArgv: ['--import', 'tsx', '--no-warnings'],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const { port, headers } = await message<{ port: number; headers: Record<string, string> }>(child);
  const url = `http://127.0.0.1:${port}/`;
  const good = await fetch(url, { headers });
  const bad = await fetch(url, { headers: { 'x-api-key': 'acme_live_nonsense' } });
  const refuses = variant.endsWith('bare') ? 200 : 401;
  if (good.status !== 200 || bad.status !== refuses)
    throw new Error(`${variant} answers ${good.status} and ${bad.status}.`);
  return { variant, child, port, headers, cpu: [], perSecond: [] };
}

async function cpuOf(child: ChildProcess): Promise<number> {
  const answer = message<number>(child);
  child.send('cpu');
  return answer;
}

async function load(
  { port, headers }: Server,
  duration: number,
): Promise<{ readonly count: number; readonly seconds: number }> {
  const {
    '2xx': count,
    non2xx,
    duration: seconds,
  } = await autocannon({ url: `http://127.0.0.1:${port}/`, headers, connections: 64, duration });
  if (non2xx > 0) throw new Error(`${non2xx} requests were refused.`);
  return { count, seconds };
}

/** What authentication adds to a request: CPU of the server process beyond the bare route with the same headers. */
export async function requests(): Promise<void> {
  const servers = await Promise.all(variants.map(start));
  for (const server of servers) await load(server, 3);
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < servers.length; i++) {
      const server = servers[(i + round * 2) % servers.length] as Server;
      const before = await cpuOf(server.child);
      const { count, seconds } = await load(server, 1);
      server.cpu.push(((await cpuOf(server.child)) - before) / count);
      server.perSecond.push(count / seconds);
    }
  }
  console.log(
    '\n### A whole server: 64 connections, the bare route gets the same headers\n\n| variant | requests/s | CPU a request | auth adds |\n|---|--:|--:|--:|',
  );
  for (const { variant, cpu, perSecond } of servers) {
    const bare = servers.find((other) => other.variant === `${variant.split(':')[0]}:bare`) as Server;
    const added = median(cpu.map((us, round) => us - (bare.cpu[round] as number)));
    const ours = variant.includes('portcullis');
    console.log(
      `| ${variant} | ${median(perSecond).toFixed(0)} | ${median(cpu).toFixed(0)} µs | ${variant.endsWith('bare') ? '' : `${against(added, ours ? 20 : undefined, 1)} µs`} |`,
    );
  }
  for (const { child } of servers) child.kill();
}
