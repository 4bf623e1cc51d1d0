// `npm run mutation [-- names]`: changes the sources one place at a time and sees whether a test notices. A name is a package
// or a folder of its src: `jwt`, `core/guard`. What is known from the last run is kept in .cache/mutation and not run again.
// With --update it writes docs/reference/mutation.md from the last runs; with --survivors it prints what no test noticed.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readdirSync } from 'node:fs';
import { root } from './lib/workspace.mjs';
import { packages, threshold } from './mutation/declared.mjs';
import { score, survivors, summary, writePage } from './mutation/report.mjs';

const tree = join(root, '.cache/mutation/tree');

/** A copy whose packages find each other, and not the sources beside it. */
function copyTree() {
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(tree, { recursive: true });
  for (const name of readdirSync(root))
    if (name === 'package.json' || name.startsWith('tsconfig')) cpSync(join(root, name), join(tree, name));
  cpSync(join(root, 'packages'), join(tree, 'packages'), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !['dist', '.data', '.cache'].includes(basename(path)),
  });
  symlinkSync('../../../node_modules', join(tree, 'node_modules'), 'junction');
}

function run(name) {
  const [folder, ...inside] = name.split('/');
  const mutate = join('packages', folder, 'src', ...inside);
  if (!packages.includes(folder) || !existsSync(join(root, mutate)))
    throw new Error(`mutation: no ${name}. There are the packages ${packages.join(', ')}, and folders of their src.`);
  copyTree();
  const pattern = mutate.endsWith('.ts') ? mutate : `${mutate}/**/*.ts`;
  const stryker = join(root, 'node_modules/@stryker-mutator/core/bin/stryker.js');
  const { status } = spawnSync(
    process.execPath,
    [stryker, 'run', join(root, 'scripts/mutation/stryker.config.mjs'), '--mutate', pattern],
    { cwd: tree, stdio: 'inherit', env: { ...process.env, MUTATION_PACKAGE: folder } },
  );
  if (status !== 0) throw new Error(`mutation: Stryker ended with ${status} for ${name}.`);
}

const flags = process.argv.slice(2).filter((each) => each.startsWith('--'));
const names = process.argv.slice(2).filter((each) => !each.startsWith('--'));
if (flags.includes('--survivors')) {
  for (const name of names.length > 0 ? names : packages) console.log(survivors(name));
} else if (flags.includes('--update')) {
  writePage();
} else {
  for (const name of names.length > 0 ? names : packages) {
    run(name);
    console.log(summary(name));
    if (score(name) < threshold) process.exitCode = 1;
  }
}
