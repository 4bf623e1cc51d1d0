import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The starter as a process of its own, with data of its own. */
export interface Starter {
  readonly url: string;
  /** Address and password that it printed for a seeded user. */
  login(user: string): { readonly email: string; readonly password: string };
  /** The key that it printed for one. */
  key(user: string): string;
  stop(): Promise<void>;
}

const main = fileURLToPath(new URL('../../../../examples/hybrid/src/main.ts', import.meta.url));
const flags = process.env['PORTCULLIS_BUILT'] ? [] : ['--conditions=@portcullis/source'];

async function firstLines(child: ChildProcess): Promise<readonly string[]> {
  const lines: string[] = [];
  if (child.stdout === null) throw new Error('the starter has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line.startsWith('ready ')) return lines;
  }
  throw new Error(`the starter did not come up: ${lines.join('\n')}`);
}

/** @param env over this process' own @param preload a module that is loaded before it */
export async function startStarter(env: Readonly<Record<string, string>> = {}, preload?: URL): Promise<Starter> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-browser-'));
  const before = preload === undefined ? [] : ['--import', preload.href];
  const child = spawn(process.execPath, [...flags, '--import', 'tsx', ...before, main], {
    cwd: fileURLToPath(new URL('../../../../examples/hybrid', import.meta.url)),
    env: { ...process.env, PORT: '0', DATA_DIR: join(folder, 'data'), PUBLIC_URL: '', ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = once(child, 'close');
  const lines = await firstLines(child);
  return {
    url: lines.at(-1)?.slice('ready '.length) ?? '',
    login(user) {
      const line = lines.find((text) => text.startsWith(`login ${user} `));
      const [, , email = '', password = ''] = line?.split(' ') ?? [];
      return { email, password };
    },
    key: (user) => lines.find((text) => text.startsWith(`key ${user} `))?.split(' ')[2] ?? '',
    async stop() {
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
