import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../src/run.js';

const own = fileURLToPath(new URL('..', import.meta.url));
const tsx = import.meta.resolve('tsx');

/** A project of a user's: a folder with the client libraries installed. */
export interface Project {
  readonly folder: string;
  path(name: string): string;
  write(name: string, text: string): void;
  remove(): void;
}

/** @param options.clients - the libraries that are installed, or whether all of them are. Default true */
export function project(options: { readonly clients?: boolean | readonly string[] } = {}): Project {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-cli-'));
  const { clients = true } = options;
  const modules = join(folder, 'node_modules');
  if (clients === true) symlinkSync(join(own, 'node_modules'), modules);
  else if (clients !== false) {
    mkdirSync(modules);
    for (const name of clients) symlinkSync(realpathSync(join(own, 'node_modules', name)), join(modules, name));
  }
  const path = (name: string): string => join(folder, name);
  return {
    folder,
    path,
    write: (name, text) => writeFileSync(path(name), text),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process. */
export async function portcullis(
  { folder }: Pick<Project, 'folder'>,
  args: readonly string[],
  around: { readonly env?: Record<string, string>; readonly stdin?: string; readonly isTTY?: boolean } = {},
): Promise<Ran> {
  const said = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr') => ({
    isTTY: around.isTTY ?? false,
    write(text: string, done: () => void): void {
      said[name] += text;
      done();
    },
  });
  async function* stdin(): AsyncGenerator<Uint8Array> {
    await Promise.resolve();
    yield new TextEncoder().encode(around.stdin ?? '');
  }
  const code = await run(args, {
    cwd: folder,
    env: around.env ?? {},
    stdin: stdin(),
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    clock: Date.now,
  });
  return { code, ...said };
}

/** Starts the command as a process of its own. */
export function start({ folder }: Pick<Project, 'folder'>, args: readonly string[]): ChildProcess {
  const command = ['--conditions=@portcullis/source', '--import', tsx, join(own, 'src/bin.ts'), ...args];
  // The package manager that runs the tests lets every folder find the workspace's packages.
  const env = { ...process.env, NODE_PATH: '' };
  return spawn(process.execPath, command, { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] });
}

/** Runs several command lines in one process of its own, by this Node.js, which finds no library but those of the project. */
export async function runAll(
  { folder }: Pick<Project, 'folder'>,
  commands: readonly (readonly string[])[],
  node: string = process.execPath,
): Promise<readonly Ran[]> {
  const script = join(own, 'test/support/run-all.ts');
  const child = spawn(
    node,
    ['--conditions=@portcullis/source', '--import', tsx, script, folder, JSON.stringify(commands)],
    { cwd: folder, env: { ...process.env, NODE_PATH: '' }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const { code, stdout, stderr } = await ended(child);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as readonly Ran[];
}

/** Waits until a process has ended. */
export function ended(child: ChildProcess): Promise<Ran & { readonly signal: string | null }> {
  const said = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: code ?? -1, signal, ...said }));
  });
}

/** Ends a process as `kill -9` does, as soon as it says this on stderr. */
export function killWhenSaid(child: ChildProcess, text: string): void {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (said.includes(text)) child.kill('SIGKILL');
  });
}
