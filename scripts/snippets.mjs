// What people copy must be right. Code in READMEs, documents and doc comments comes in two kinds:
// - "```ts file=docs/snippets/x.ts#region" is a copy of that file or region, which is compiled with its package and run by a test;
//   `--update` writes the copies anew. The region's `// #region name` lines stay in the file.
// - "```ts" alone, and an @example of a doc comment, is a module of its own and compiled here, resolved from packages/e2e,
//   which depends on every package and framework. A README with a test/readme.test.ts beside it is compiled and run there.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { finish } from './lib/fail.mjs';
import { regionOf } from './lib/regions.mjs';
import { filesUnder, publishedPackages, root } from './lib/workspace.mjs';

const folder = join(root, 'packages/e2e/.snippets');
const update = process.argv.includes('--update');
// Made from other documents and from doc comments, which are looked at where they stand.
const generated = ['api', 'packages', 'examples', 'project', 'dist'].map((name) => join(root, 'docs', name));

function* documents(at) {
  for (const entry of readdirSync(at, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name.startsWith('.')) continue;
    const path = join(at, entry.name);
    if (entry.isDirectory()) {
      if (!generated.includes(path)) yield* documents(path);
    } else if (entry.name.endsWith('.md') && !entry.name.endsWith('.api.md')) yield path;
  }
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const sources = new Map();
const stale = [];
let copies = 0;

function compileAlone(where, code, line) {
  const file = `${where.replaceAll(/[^\w]+/g, '-')}-${sources.size + 1}.ts`;
  writeFileSync(join(folder, file), `${code}\nexport {};\n`);
  sources.set(file, { where, line });
}
const lineAt = (text, index) => text.slice(0, index).split('\n').length;

for (const path of documents(root)) {
  const where = relative(root, path);
  const text = readFileSync(path, 'utf8');
  const fresh = text.replaceAll(
    /^(```+[^\n]* file=([^\s#]+)(?:#(\S+))?[^\n]*\n)([\s\S]*?)^```/gm,
    (all, head, file, region, code) => {
      copies++;
      try {
        const wanted = regionOf(readFileSync(join(root, file), 'utf8'), region);
        if (wanted !== code) stale.push(`${where}: the copy of ${file}${region ? `#${region}` : ''} is out of date`);
        return `${head}${wanted}\`\`\``;
      } catch (error) {
        stale.push(`${where}: ${file}: ${error.message}`);
        return all;
      }
    },
  );
  if (update && fresh !== text) writeFileSync(path, fresh);
  for (const match of text.matchAll(/^ *```+(?:[cm]?js|jsx|tsx|[cm]ts|vue|javascript|typescript)\b(?!.* file=)/gim))
    stale.push(`${where}:${lineAt(text, match.index)}: code that nothing compiles: give it file=, or write ts`);
  // What `ts` is followed by, and an indented fence, would be passed over below.
  for (const match of text.matchAll(/^(?: +```+ts\b|```+ts\b(?!\n)(?!.* file=)|````+ts\b(?!.* file=)).*$/gm))
    stale.push(`${where}:${lineAt(text, match.index)}: a fence that is not compiled: begin the line with \`\`\`ts`);
  if (existsSync(join(dirname(path), 'test/readme.test.ts'))) continue;
  for (const match of text.matchAll(/^```ts\n([\s\S]*?)^```/gm))
    compileAlone(where, match[1], lineAt(text, match.index) + 1);
}
for (const { dir } of publishedPackages())
  for (const path of filesUnder(join(dir, 'src'), (file) => file.endsWith('.ts'))) {
    const text = readFileSync(path, 'utf8');
    for (const match of text.matchAll(/^ *\* @example[^\n]*\n *\* ```ts\n([\s\S]*?)^ *\* ```/gm))
      compileAlone(relative(root, path), match[1].replaceAll(/^ *\* ?/gm, ''), lineAt(text, match.index) + 2);
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
  [...(update ? [] : stale), ...(status === 0 ? [] : told.trim().split('\n'))],
  'copies: npm run snippets:update; else mend the fence: a ts fence without file= is a module of its own',
  `${sources.size} fences compile, ${copies} are copies of files`,
);
