// What Portcullis' types cost a user's compiler: a program with 100 permissions, 20 roles and 200 guarded routes, per
// framework, against the same routes without a guard. Counted in type instantiations, which do not depend on the machine.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { finish } from './lib/fail.mjs';
import { publishedPackages, root } from './lib/workspace.mjs';
import { guardedProgram, unguardedProgram } from './lib/type-cost-program.mjs';

const size = { permissions: 100, roles: 20, routes: 200 };

/** Instantiations that the guards may add: what they add today, and some room. */
const budgets = { express: 32_000, koa: 20_000, hono: 60_000, fastify: 80_000, web: 20_000 };

// Inside e2e, which depends on every package; on the build, as a user's compiler sees it.
const folder = join(root, 'packages/e2e/.cache/type-cost');
const compilerOptions = {
  target: 'ES2022',
  lib: ['ES2023', 'DOM'],
  module: 'NodeNext',
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: ['node'],
};

function instantiations(name, text) {
  writeFileSync(join(folder, `${name}.ts`), text);
  const config = join(folder, `tsconfig.${name}.json`);
  writeFileSync(config, JSON.stringify({ compilerOptions, files: [`${name}.ts`] }));
  const tsc = ['scripts/lib/bin.mjs', 'tsc', '-p', config, '--extendedDiagnostics'];
  const { stdout, status } = spawnSync(process.execPath, tsc, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the ${name} program does not compile:\n${stdout.slice(0, 2000)}`);
  return Number(/^Instantiations:\s+(\d+)/m.exec(stdout)?.[1]);
}

const written = new Set(publishedPackages().map(({ name }) => name));
const faults = [];
const figures = [];
if (written.has('@portcullis/api-key')) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const framework of Object.keys(budgets).filter((name) => written.has(`@portcullis/${name}`))) {
    const base = instantiations(`${framework}-unguarded`, unguardedProgram(framework, size));
    const added = instantiations(framework, guardedProgram(framework, size)) - base;
    figures.push(`${framework} ${added} (over ${base})`);
    if (added > budgets[framework])
      faults.push(`${framework} adds ${added} instantiations; the budget is ${budgets[framework]}`);
  }
}
finish(
  'type-cost',
  faults,
  'find the type that is instantiated per route: tsc --generateTrace',
  figures.join(', ') || 'no adapter yet',
);
