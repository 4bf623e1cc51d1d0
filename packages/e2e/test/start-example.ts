import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A running example. */
export interface RunningExample {
  readonly url: string;
  /** What it printed before it was ready. */
  readonly lines: readonly string[];
  /** Asks it to end, as a supervisor does. Its exit code. */
  stop(): Promise<number | null>;
}

/** How long a process may take to come up on a machine that is busy. */
export const starting = 30_000;

/** Runs on source, or with PORTCULLIS_BUILT on the packages as they were built. */
const flags = process.env['PORTCULLIS_BUILT'] ? [] : ['--conditions=@portcullis/source'];

/** Starts an example as a process of its own and waits until it says that it is ready. */
export async function startExample(name: string, env: Readonly<Record<string, string>>): Promise<RunningExample> {
  const folder = new URL(`../../../examples/${name}/`, import.meta.url);
  const child = spawn(process.execPath, [...flags, '--import', 'tsx', 'src/main.ts'], {
    cwd: fileURLToPath(folder),
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'close') as Promise<[number | null]>;
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const lines: string[] = [];
  const url = await firstReady(child, lines);
  if (url === undefined) throw new Error(`${name} ended with ${(await exited)[0]}: ${stderr}`);
  return {
    url,
    lines,
    async stop() {
      child.kill('SIGTERM');
      return (await exited)[0];
    },
  };
}

/** The address in the ready line; `undefined` when the output ends without one. */
function firstReady({ stdout }: ChildProcess, lines: string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    if (stdout === null) return resolve(undefined);
    const reader = createInterface({ input: stdout });
    reader.on('line', (line) => {
      const [, url] = /^ready (http:\/\/127\.0\.0\.1:\d+)$/.exec(line) ?? [];
      if (url === undefined) lines.push(line);
      else resolve(url);
    });
    reader.on('close', () => resolve(undefined));
  });
}
