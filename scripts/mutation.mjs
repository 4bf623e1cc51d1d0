// `npm run mutation [-- names]`: changes the sources one place at a time and sees whether a test notices. A name is a package
// or a folder of its src: `jwt`, `core/guard`. What is known from the last run is kept in .cache/mutation and not run again.
// With --force it runs again all the same: a new test of what is decided as a module loads is not noticed otherwise.
// With --update it writes docs/reference/mutation.md from the last runs; with --survivors it prints what no test noticed.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root, workspacePackages } from './lib/workspace.mjs';
import { packages, threshold } from './mutation/declared.mjs';
import { noteRun, score, survivors, summary, writePage } from './mutation/report.mjs';

const flags = process.argv.slice(2).filter((each) => each.startsWith('--'));
const tree = join(root, '.cache/mutation/tree');
// The testkit reads it.
const besides = ['packages/e2e/requirements.json'];
const all = workspacePackages();

/** A copy of a package and of those it needs, which find each other there, and not the sources beside them. */
function copyTree(name) {
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(tree, { recursive: true });
  // The tsconfig of each folder, since they name each other.
  const isSetting = (name) => name === 'package.json' || name.startsWith('tsconfig');
  for (const folder of ['', ...all.flatMap((each) => [each.folder, `${each.folder}/test`])])
    for (const name of existsSync(join(root, folder)) ? readdirSync(join(root, folder)).filter(isSetting) : [])
      cpSync(join(root, folder, name), join(tree, folder, name));
  for (const file of besides) cpSync(join(root, file), join(tree, file));
  const needed = new Set();
  const need = (folder) => {
    if (needed.has(folder)) return;
    needed.add(folder);
    const { manifest } = all.find((each) => each.folder === folder);
    const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    for (const each of all) if (names.includes(each.name)) need(each.folder);
  };
  need(`packages/${name}`);
  for (const folder of needed)
    cpSync(join(root, folder), join(tree, folder), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !['dist', '.data'].includes(basename(path)),
    });
  symlinkSync('../../../node_modules', join(tree, 'node_modules'), 'junction');
}

/** The path that a name means: a file, or a folder with all that is in it. */
function sourcesOf(name) {
  const [folder, ...inside] = name.split('/');
  const path = ['packages', folder, 'src', ...inside].join('/');
  if (!packages.includes(folder) || !existsSync(join(root, path)))
    throw new Error(`mutation: no ${name}. There are the packages ${packages.join(', ')}, and folders of their src.`);
  return path;
}

function run(name, paths) {
  copyTree(name);
  const mutate = paths.map((path) => (path.endsWith('.ts') ? path : `${path}/**/*.ts`));
  const stryker = join(root, 'node_modules/@stryker-mutator/core/bin/stryker.js');
  const { status } = spawnSync(
    process.execPath,
    [
      stryker,
      'run',
      join(root, 'scripts/mutation/stryker.config.mjs'),
      '--mutate',
      mutate.join(','),
      ...(flags.includes('--force') ? ['--force'] : []),
    ],
    { cwd: tree, stdio: 'inherit', env: { ...process.env, MUTATION_PACKAGE: name } },
  );
  if (status !== 0) throw new Error(`mutation: Stryker ended with ${status} for ${name}.`);
  noteRun(name, tree, paths);
}

const names = process.argv.slice(2).filter((each) => !each.startsWith('--'));
if (flags.includes('--survivors')) {
  for (const name of names.length > 0 ? names : packages) console.log(survivors(name));
} else if (flags.includes('--update')) {
  writePage();
} else {
  const wanted = names.length > 0 ? names : packages;
  for (const name of packages) {
    const own = wanted.filter((each) => each.split('/')[0] === name);
    if (own.length > 0) run(name, own.map(sourcesOf));
    for (const each of own) {
      console.log(summary(each));
      if (score(each) < threshold) process.exitCode = 1;
    }
  }
}
