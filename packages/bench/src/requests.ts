import { type ChildProcess, fork } from 'node:child_process';
import { against, median } from './duel.js';
import { answerOf, load, type Target } from './load.js';

const ours = ['bare', 'middleware', 'portcullis-key', 'portcullis-jwt', 'portcullis-session'];
const variants: Readonly<Record<string, readonly string[]>> = {
  express: [...ours, 'passport-headerapikey'],
  koa: ours,
  hono: ours,
};
const rounds = Number(process.env['ROUNDS'] ?? 11);

interface Server extends Target {
  readonly variant: string;
  readonly child: ChildProcess;
  readonly answer: string;
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

interface Greeting {
  readonly port: number;
  readonly good: Target['headers'];
  readonly bad: Target['headers'];
}

async function start(framework: string, variant: string): Promise<Server> {
  const child = fork(new URL('./request-server.ts', import.meta.url), [`${framework}:${variant}`], {
    execArgv: ['--import', 'tsx', '--no-warnings'],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const { port, good: headers, bad } = await message<Greeting>(child);
  const answer = await answerOf({ port, headers });
  const { status } = await fetch(`http://127.0.0.1:${port}/`, { headers: bad });
  if (!answer.startsWith('HTTP/1.1 200') || status !== (variant === 'bare' || variant === 'middleware' ? 200 : 401))
    throw new Error(`${framework}:${variant} takes the bad credential, or not the good one.`);
  return { variant, child, port, headers, answer, cpu: [], perSecond: [] };
}

async function cpuOf(child: ChildProcess): Promise<number> {
  const answer = message<number>(child);
  child.send('cpu');
  return answer;
}

const undated = ({ answer }: Server): string => answer.replace(/^date: .*$/im, '');

/** One framework's variants, in turn; prints a row for each. */
async function compare(framework: string, names: readonly string[]): Promise<void> {
  const servers = await Promise.all(names.map((name) => start(framework, name)));
  const [bare] = servers as [Server, ...Server[]];
  // What is compared is authentication: a variant that answered anything else would pay for that, too.
  const other = servers.find((server) => undated(server) !== undated(bare));
  if (other !== undefined)
    throw new Error(`${framework}:${other.variant} answers\n${other.answer}\nand the bare route\n${bare.answer}`);
  for (const server of servers) await load(server, server.answer.length, 3);
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < servers.length; i++) {
      const server = servers[(i + round * 2) % servers.length] as Server;
      const before = await cpuOf(server.child);
      const count = await load(server, server.answer.length, 1);
      server.cpu.push(((await cpuOf(server.child)) - before) / count);
      server.perSecond.push(count);
    }
  }
  for (const { child, variant, cpu, perSecond } of servers) {
    child.kill();
    const added = median(cpu.map((us, round) => us - (bare.cpu[round] as number)));
    const goal = variant.startsWith('portcullis') ? 20 : undefined;
    const adds = variant === 'bare' ? '' : `${against(added, goal, 1)} µs`;
    console.log(
      `| ${framework}:${variant} | ${median(perSecond).toFixed(0)} | ${median(cpu).toFixed(0)} µs | ${adds} |`,
    );
  }
}

/** What authentication adds to a request: CPU of the server process beyond the bare route with the same header fields. */
export async function requests(): Promise<void> {
  console.log(
    '\n### A whole server: 64 connections, the bare route answers the same\n\n| variant | requests/s | CPU a request | adds to the bare route |\n|---|--:|--:|--:|',
  );
  for (const [framework, names] of Object.entries(variants)) await compare(framework, names);
}
