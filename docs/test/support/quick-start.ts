import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

/** The quick start's programs, by the tab that they are under. */
export const quickStarts = {
  Express: 'express',
  Koa: 'koa',
  Hono: 'hono',
  Fastify: 'fastify',
  'Fetch handlers': 'web',
} as const;

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/**
 * Runs a `server.ts` in a fresh folder whose imports resolve as a user's would, on a free port instead of 3000, until
 * `use` is done. `keys` are those that it printed, by their owner.
 */
export async function withServer(
  code: string,
  use: (url: string, keys: Readonly<Record<string, string>>) => Promise<void>,
): Promise<void> {
  const port = await freePort();
  const folder = mkdtempSync(fileURLToPath(new URL('../../.quick-start-', import.meta.url)));
  writeFileSync(`${folder}/server.ts`, code.replaceAll('3000', String(port)));
  const condition = process.env['PORTCULLIS_BUILT'] ? [] : ['--conditions=@portcullis/source'];
  const child = spawn(process.execPath, [...condition, '--import', 'tsx', 'server.ts'], { cwd: folder });
  let output = '';
  try {
    const keys = await new Promise<Record<string, string>>((resolve, reject) => {
      const read = (chunk: Buffer): void => {
        output += chunk;
        const found: Record<string, string> = Object.fromEntries(
          [...output.matchAll(/^(ada|eve) (\S+)\n/gm)].map(([, who, key]) => [who, key]),
        );
        if (found['eve'] !== undefined) resolve(found);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.on('exit', () => reject(new Error(output)));
    });
    await use(`http://127.0.0.1:${port}`, keys);
  } finally {
    child.kill();
    rmSync(folder, { recursive: true });
  }
}
