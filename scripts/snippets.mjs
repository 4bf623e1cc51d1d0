// Compiles every `ts` fence of every README and document, as it stands: what people copy must be right.
// Each fence is a module of its own; a README that has a test/readme.test.ts beside it is compiled and run there. Resolved from packages/e2e, which depends on every package and framework.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { finish } from './lib/fail.mjs';
import { root } from './lib/workspace.mjs';

const folder = join(root, 'packages/e2e/.snippets');

function* documents(at) {
  for (const entry of readdirSync(at, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name.startsWith('.')) continue;
    const path = join(at, entry.name);
    if (entry.isDirectory()) yield* documents(path);
    else if (entry.name.endsWith('.md') && !entry.name.endsWith('.api.md')) yield path;
  }
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const sources = new Map();
for (const path of documents(root)) {
  if (existsSync(join(dirname(path), 'test/readme.test.ts'))) continue;
  const text = readFileSync(path, 'utf8');
  let index = 0;
  for (const match of text.matchAll(/^```ts\n([\s\S]*?)^```/gm)) {
    const line = text.slice(0, match.index).split('\n').length + 1;
    const file = `${relative(root, path).replaceAll(/[^\w]+/g, '-')}-${++index}.ts`;
    writeFileSync(join(folder, file), `${match[1]}\nexport {};\n`);
    sources.set(file, { where: relative(root, path), line });
  }
}
writeFileSync(
  join(folder, 'tsconfig.json'),
  JSON.stringify({
    extends: '../../../tsconfig.test.json',
    compilerOptions: { noEmit: true, composite: false },
    include: ['*.ts'],
  }),
);
const { status, stdout } = spawnSync(
  process.execPath,
  ['scripts/lib/bin.mjs', 'tsc', '-p', folder, '--pretty', 'false'],
  {
    cwd: root,
    encoding: 'utf8',
  },
);
// Says where the line stands in the document, which is where it is mended.
const told = stdout.replaceAll(/^(?:.*\/)?([\w-]+\.ts)\((\d+),(\d+)\)/gm, (all, file, line, column) => {
  const source = sources.get(file);
  return source ? `${source.where}:${source.line + Number(line) - 1}:${column}` : all;
});
rmSync(folder, { recursive: true, force: true });
finish(
  'snippets',
  status === 0 ? [] : told.trim().split('\n'),
  'mend the fence in the document; every ts fence is a module of its own',
  `${sources.size} fences compile`,
);
