// Packs every published package into .cache/tarballs and checks what is inside: the build, README and licence only,
// a manifest that names no source and no workspace, and every file that an export or import names.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { finish } from './lib/fail.mjs';
import { pnpm } from './lib/pnpm.mjs';
import { publishedPackages, root } from './lib/workspace.mjs';

const tarballs = join(root, '.cache/tarballs');
rmSync(tarballs, { recursive: true, force: true });
mkdirSync(tarballs, { recursive: true });

const packages = publishedPackages();
const filters = packages.map(({ name }) => `--filter=${name}`);
const packed = pnpm(['-r', ...filters, 'pack', '--pack-destination', tarballs], { cwd: root });
if (packed.status !== 0) {
  console.error(packed.stdout, packed.stderr);
  process.exit(1);
}

const faults = [];
const targets = (value) => (typeof value === 'string' ? [value] : Object.values(value).flatMap(targets));
for (const { name } of packages) {
  const start = `${name.replace('@', '').replace('/', '-')}-`;
  const file = readdirSync(tarballs).find((each) => each.startsWith(start) && /^\d/.test(each.slice(start.length)));
  if (!file) {
    faults.push(`${name} was not packed`);
    continue;
  }
  const tar = (...args) => execFileSync('tar', [...args, join(tarballs, file)], { encoding: 'utf8' });
  const files = tar('-tzf')
    .trim()
    .split('\n')
    .map((path) => path.replace(/^package\//, ''));
  const manifest = JSON.parse(
    execFileSync('tar', ['-xzOf', join(tarballs, file), 'package/package.json'], { encoding: 'utf8' }),
  );

  const allowed = /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/.+\.(js|d\.ts))$/;
  for (const path of files) if (!allowed.test(path)) faults.push(`${name} ships ${path}`);
  for (const path of ['README.md', 'LICENSE']) if (!files.includes(path)) faults.push(`${name} ships no ${path}`);
  for (const target of targets({ ...manifest.exports, ...manifest.imports, ...manifest.bin })) {
    if (!files.includes(target.replace('./', ''))) faults.push(`${name} names ${target}, which is not in the tarball`);
  }
  const text = JSON.stringify({ ...manifest, devDependencies: undefined });
  for (const word of ['workspace:', '@portcullis/source', './src/']) {
    if (text.includes(word)) faults.push(`${name}'s packed manifest says ${word}`);
  }
}
finish(
  'pack',
  faults,
  'see "files", "exports" and "publishConfig.exports" in the package.json',
  `${packages.length} tarballs`,
);
