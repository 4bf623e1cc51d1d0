import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './probe.js';

/** How to start a server in a folder of its own. */
export interface Recipe {
  readonly name: string;
  readonly uid?: number | undefined;
  /** A command that lays out the data folder. */
  readonly prepare?: (folder: string) => readonly string[];
  readonly command: (folder: string, port: number, second: number) => readonly string[];
  readonly answers: (port: number) => Promise<boolean>;
  /** Keeps the folder on a file system of its own with so many megabytes, so that a test can fill it. Only root may. */
  readonly disk?: number | undefined;
  /** What ends it at once and cleanly. */
  readonly signal: NodeJS.Signals;
}

/** A server that was started for one test file. */
export interface Throwaway {
  readonly port: number;
  readonly folder: string;
  run(command: readonly string[]): Promise<string>;
  until(cli: string, port: number, text: string): Promise<void>;
  /** Ends it as `kill -9` does; its data stays. */
  crash(): Promise<void>;
  /** Starts it again on the same port and data, and waits until it answers. */
  restart(): Promise<void>;
  /** Starts it again if it has ended by itself, and waits until it answers. */
  revive(): Promise<void>;
  stop(): Promise<void>;
}

const deadline = 30_000;

/** The path of a program on PATH or in Debian's folder of PostgreSQL programs. */
export function findProgram(name: string): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = list(debian).map((version) => join(debian, version, 'bin'));
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', ...versions];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The numeric id of a system user. */
export function userId(name: string): number | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${name}:`));
  return line ? Number(line.split(':')[2]) : undefined;
}

function start(command: readonly string[], uid: number | undefined): { child: ChildProcess; output: () => string } {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid }),
    cwd: '/',
  });
  let text = '';
  const keep = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-4000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  child.on('error', (error) => keep(Buffer.from(String(error))));
  return { child, output: () => text };
}

function childrenOf(pid: number): readonly number[] {
  return list('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === pid)
    .map(Number);
}

function parentOf(pid: string): number | undefined {
  try {
    // "pid (name) state ppid": the name may hold anything.
    return Number(
      readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ')[1],
    );
  } catch {
    return undefined;
  }
}

const exited = (child: ChildProcess): Promise<number | null> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(child.exitCode)
    : new Promise((resolve) => {
        child.once('exit', (code) => resolve(code));
        child.once('error', () => resolve(null));
      });

async function run(command: readonly string[], uid?: number): Promise<string> {
  const { child, output } = start(command, uid);
  if ((await exited(child)) !== 0) throw new Error(`${command[0]} failed: ${output()}`);
  return output();
}

async function waitFor(what: string, check: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + deadline; !(await check()); await sleep(50)) {
    if (Date.now() > end) throw new Error(`${what} did not come up in ${deadline / 1000} s`);
  }
}

function mount(folder: string, megabytes: number): void {
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', folder]);
  if (status !== 0) throw new Error(`mount failed: ${String(stderr)}`);
}

/** Whether a server can be given a disk of its own. */
export function canMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-'));
  try {
    mount(folder, 1);
    return spawnSync('umount', [folder]).status === 0;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts a server on a free port in a temporary folder, and waits until it answers. */
export async function throwaway(recipe: Recipe): Promise<Throwaway> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-'));
  const { disk } = recipe;
  if (disk !== undefined) mount(folder, disk);
  let server: ReturnType<typeof start> | undefined;
  const remove = (): void => {
    if (disk !== undefined) spawnSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true, force: true });
  };
  const kill = (): void => {
    server?.child.kill('SIGKILL');
    remove();
  };
  process.once('exit', kill);
  const stop = async (): Promise<void> => {
    process.removeListener('exit', kill);
    if (server?.child.kill(recipe.signal)) await exited(server.child);
    remove();
  };
  try {
    if (recipe.prepare) await run(recipe.prepare(folder), recipe.uid);
    const [port, second] = await Promise.all([freePort(), freePort()]);
    const serve = async (): Promise<void> => {
      const started = start(recipe.command(folder, port, second), recipe.uid);
      server = started;
      await waitFor(recipe.name, async () => {
        if (started.child.exitCode !== null) throw new Error(`${recipe.name} ended: ${started.output()}`);
        return recipe.answers(port);
      });
    };
    await serve();
    return {
      port,
      folder,
      run,
      async crash() {
        const child = server?.child;
        if (child?.pid === undefined) return;
        // PostgreSQL serves each connection by a process of its own, which would live long enough to say good-bye. All stop as one.
        child.kill('SIGSTOP');
        for (const pid of [...childrenOf(child.pid), child.pid]) process.kill(pid, 'SIGKILL');
        await exited(child);
      },
      restart: serve,
      async revive() {
        const child = server?.child;
        // One that is about to end, as after a failed write, may answer once more.
        while (child?.exitCode === null && child.signalCode === null) {
          if (await recipe.answers(port)) return;
          await sleep(50);
        }
        await serve();
      },
      until: (cli, node, text) =>
        waitFor(text, async () => (await run([cli, '-p', `${node}`, 'cluster', 'info'])).includes(text)),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
