import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { against, median } from './duel.js';

const folder = new URL('..', import.meta.url).pathname;
const here = new URL('.', import.meta.url);
const programs = {
  '(empty module)': `import * as nothing from './empty.js'; globalThis.kept = nothing;`,
  'core + api-key + express': `import { createGuard, createPolicy } from '@portcullis/core'; import { createApiKeys } from '@portcullis/api-key'; import { expressGuard } from '@portcullis/express'; globalThis.kept = [createGuard, createPolicy, createApiKeys, expressGuard];`,
  'core + api-key (verifying) + express': `import { createGuard, createPolicy } from '@portcullis/core'; import { createApiKeyVerifier } from '@portcullis/api-key'; import { expressGuard } from '@portcullis/express'; globalThis.kept = [createGuard, createPolicy, createApiKeyVerifier, expressGuard];`,
  jose: `import { jwtVerify, createRemoteJWKSet } from 'jose'; globalThis.kept = [jwtVerify, createRemoteJWKSet];`,
  jsonwebtoken: `import jwt from 'jsonwebtoken'; globalThis.kept = [jwt.verify];`,
  passport: `import passport from 'passport'; globalThis.kept = [passport];`,
  'express-session': `import session from 'express-session'; globalThis.kept = [session];`,
  '@casl/ability': `import { AbilityBuilder, createMongoAbility } from '@casl/ability'; globalThis.kept = [AbilityBuilder, createMongoAbility];`,
  'better-auth': `import { betterAuth } from 'better-auth'; globalThis.kept = [betterAuth];`,
};

async function bundled(contents: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: here.pathname },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'node',
    external: ['express'],
    logLevel: 'silent',
  });
  return gzipSync(outputFiles[0]?.contents ?? new Uint8Array(), { level: 9 }).length / 1000;
}

function coldImport(code: string): number {
  const names = Array.from(code.matchAll(/from '([^']+)'/g), ([, name = '']) => name);
  const targets = names.map((name) => (name.startsWith('.') ? new URL(name, here).href : name));
  const imports = targets.map((target) => `await import('${target}');`).join('');
  const program = `const t=performance.now();${imports}console.log(performance.now()-t)`;
  const { stdout, status, stderr } = spawnSync(
    process.execPath,
    ['--no-warnings', '--input-type=module', '-e', program],
    { cwd: folder, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  return Number(stdout);
}

/** What a user's bundle and start-up pay. */
export async function importCost(): Promise<void> {
  const times = new Map<string, number[]>();
  for (let round = 0; round < 15; round++) {
    for (const [name, code] of Object.entries(programs)) {
      const list = times.get(name) ?? [];
      times.set(name, list);
      list.push(coldImport(code));
    }
  }
  const empty = median(times.get('(empty module)') as number[]);
  console.log(
    '\n### Bundle (min + gzip) and cold import\n\n| what is imported | bundle | cold import, beyond an empty module |\n|---|--:|--:|',
  );
  for (const [name, code] of Object.entries(programs)) {
    const ours = name.startsWith('core');
    const size = await bundled(code);
    const beyond = median(times.get(name) as number[]) - empty;
    console.log(
      `| ${name} | ${against(size, ours ? 12 : undefined, 1)} kB | ${against(beyond, ours ? 40 : undefined, 1)} ms |`,
    );
  }
}
