import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The examples that serve the API. */
export type ExampleName = 'hybrid' | 'express-api-keys' | 'koa-api-keys' | 'fastify-api-keys' | 'web-fetch';

/** What runs an example. Fetch handlers run on all of them. */
export type Runtime = 'node' | 'bun' | 'deno';

/** A running example. */
export interface Example {
  readonly url: string;
  /** What it printed before it was ready. */
  readonly keyLines: readonly string[];
  /** The plaintext that was printed for a user. */
  keyOf(user: string): string;
  /** The password that was printed for a user, where the example has logins. */
  passwordOf(user: string): string | undefined;
  /** Everything on standard output and standard error so far. */
  output(): { readonly stdout: readonly string[]; readonly stderr: string };
  /** Its exit code. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

/** An example that did not come up: its exit code and what it said. */
export class ExampleFailed extends Error {
  readonly exitCode: number | null;
  readonly stderr: string;

  constructor(exitCode: number | null, stderr: string) {
    super(`exit code ${exitCode}: ${stderr}`);
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

/** Runs on source, or with PORTCULLIS_BUILT on the packages as they were built. */
const flags = process.env['PORTCULLIS_BUILT'] ? [] : ['--conditions=@portcullis/source'];

const commands: Readonly<Record<Runtime, readonly [command: string, ...args: string[]]>> = {
  node: [process.execPath, ...flags, '--import', 'tsx'],
  bun: ['bun', 'run', ...flags],
  // Imports name what is built, main.js; there is only main.ts.
  deno: ['deno', 'run', '-A', ...flags, '--unstable-sloppy-imports'],
};

/** Whether the runtime is installed here. */
export function hasRuntime(runtime: Runtime): boolean {
  return spawnSync(commands[runtime][0], ['--version']).status === 0;
}

/** Starts an example as a process of its own and waits until it says that it is ready. */
export async function startExample(
  name: ExampleName,
  env: { readonly DATA_DIR: string; readonly PORT?: string },
  runtime: Runtime = 'node',
): Promise<Example> {
  const [command, ...args] = commands[runtime];
  const main = fileURLToPath(new URL(`../../${name}/src/main.ts`, import.meta.url));
  const child = spawn(command, [...args, main], {
    cwd: fileURLToPath(new URL(`../../${name}`, import.meta.url)),
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'close') as Promise<[number | null]>;
  const stdout: string[] = [];
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));

  const ready = await firstReady(child, stdout);
  if (ready === undefined) throw new ExampleFailed((await exited)[0], stderr);
  const keyLines = stdout.filter((line) => line.startsWith('key '));
  return {
    url: ready,
    keyLines,
    keyOf(user) {
      const line = keyLines.find((text) => text.startsWith(`key ${user} `));
      if (line === undefined) throw new Error(`no key was printed for ${user}`);
      return line.split(' ')[2] ?? '';
    },
    passwordOf: (user) => stdout.find((line) => line.startsWith(`login ${user} `))?.split(' ')[3],
    output: () => ({ stdout: [...stdout], stderr }),
    async stop(signal) {
      child.kill(signal);
      return (await exited)[0];
    },
  };
}

/** The address in the ready line; `undefined` when the output ends without one. */
function firstReady(child: ChildProcess, stdout: string[]): Promise<string | undefined> {
  if (child.stdout === null) return Promise.resolve(undefined);
  const lines = createInterface({ input: child.stdout });
  return new Promise((resolve) => {
    lines.on('line', (line) => {
      stdout.push(line);
      const [, url] = /^ready (http:\/\/127\.0\.0\.1:\d+)$/.exec(line) ?? [];
      if (url !== undefined) resolve(url);
    });
    lines.on('close', () => resolve(undefined));
  });
}
