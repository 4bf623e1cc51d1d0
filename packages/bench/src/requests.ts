import { type ChildProcess, fork } from 'node:child_process';
import { median } from './duel.js';
import { answerOf, load, type Target } from './load.js';

const ours = ['bare', 'middleware', 'portcullis-key', 'portcullis-jwt', 'portcullis-session'];
const variants: Readonly<Record<string, readonly string[]>> = {
  express: [...ours, 'passport-headerapikey'],
  koa: ours,
  hono: ours,
  fastify: ours,
  web: ours,
};
const goal = 20;
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
    const ended = (code: number | null): void => reject(new Error(`A server ended with ${code}.`));
    child.once('exit', ended);
    child.once('message', (value) => {
      child.off('exit', ended);
      resolve(value as T);
    });
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

/**
 * The median with the quarter and three quarter marks of the rounds. A goal is met, or missed, where three of four rounds
 * say so; a machine whose noise is wider than what is measured decides nothing, and a negative figure is such noise.
 */
function verdict(added: readonly number[], withGoal: boolean): string {
  const sorted = [...added].sort((a, b) => a - b);
  const low = sorted[Math.floor(sorted.length / 4)] as number;
  const high = sorted[Math.floor((sorted.length * 3) / 4)] as number;
  const result = low < 0 ? 'lost in noise' : high <= goal ? 'met' : low > goal ? 'missed' : 'not decided';
  const figures = `${median(added).toFixed(1)} µs (${low.toFixed(1)} to ${high.toFixed(1)})`;
  return withGoal ? `${figures}, goal ${goal}: ${result}` : figures;
}

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
    const added = cpu.map((us, round) => us - (bare.cpu[round] as number));
    const adds = variant === 'bare' ? '' : verdict(added, variant.startsWith('portcullis'));
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
  const asked = process.env['FRAMEWORKS']?.split(',') ?? Object.keys(variants);
  for (const framework of asked) await compare(framework, variants[framework] ?? []);
}
