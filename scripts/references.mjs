// Keeps the project references of every tsconfig equal to the manifests' workspace dependencies.
// With --check it only compares. Folders without TypeScript yet are left out, because tsc refuses them.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { filesUnder, readJson, root, workspacePackages } from './lib/workspace.mjs';

const checkOnly = process.argv.includes('--check');
const packages = workspacePackages();
const byName = new Map(packages.map((pkg) => [pkg.name, pkg]));
const hasCode = (dir) => filesUnder(dir, (file) => file.endsWith('.ts')).length > 0;
const isBuilt = (pkg) => existsSync(join(pkg.dir, 'tsconfig.json')) && hasCode(join(pkg.dir, 'src'));
// tsc refuses a reference to a project that emits nothing.
const emitsNothing = (pkg) => pkg.folder.startsWith('examples/');
const stale = [];

function write(file, references) {
  const config = readJson(file);
  config.references = references.map((path) => ({ path }));
  const text = `${JSON.stringify(config, null, 2)}\n`;
  if (JSON.stringify(JSON.parse(readFileSync(file, 'utf8'))) === JSON.stringify(config)) return;
  stale.push(relative(root, file));
  if (!checkOnly) writeFileSync(file, text);
}

const all = [];
for (const pkg of packages) {
  const { dependencies, devDependencies, peerDependencies, private: isPrivate } = pkg.manifest;
  const runtime = { ...dependencies, ...peerDependencies };
  const linked = (from, manifests) =>
    Object.keys(manifests)
      .map((name) => byName.get(name))
      .filter((found) => found && found !== pkg && isBuilt(found) && !emitsNothing(found))
      .map((found) => relative(from, found.dir));

  const config = join(pkg.dir, 'tsconfig.json');
  const tests = join(pkg.dir, 'test');
  if (existsSync(config)) {
    // An example's one config covers its tests too; a published package's source must not see what only tests need.
    write(config, linked(pkg.dir, isPrivate ? { ...runtime, ...devDependencies } : runtime));
    if (isBuilt(pkg)) all.push(pkg.folder);
  }
  if (existsSync(join(tests, 'tsconfig.json'))) {
    const own = isBuilt(pkg) ? ['..'] : [];
    write(join(tests, 'tsconfig.json'), [...own, ...linked(tests, { ...runtime, ...devDependencies })]);
    if (hasCode(tests)) all.push(`${pkg.folder}/test`);
  }
}
write(join(root, 'tsconfig.json'), all);

if (stale.length > 0) {
  console.log(`references: ${checkOnly ? 'out of date in' : 'updated'} ${stale.join(', ')}`);
  if (checkOnly) {
    console.error('references: mend with `node scripts/references.mjs`');
    process.exit(1);
  }
}
