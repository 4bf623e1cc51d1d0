// Packs every published package into .cache/tarballs and checks what is inside: the build, README and licence only,
// a manifest that names no source and no workspace, only the libraries listed below, every file that an export or import
// names, and a README whose links work on npm.
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

// Every library that a package of ours may bring along, and why. What is not here is refused, so that a dependency is
// never added by the way.
const outsiders = {
  '@portcullis/core': { '@noble/hashes': 'SHA-256 that answers at once on every runtime' },
  '@portcullis/jwt': { jose: 'the cryptography off the hot path' },
  '@portcullis/oauth-client': { jose: 'the cryptography of proofs and ID tokens', oauth4webapi: 'the protocol' },
  '@portcullis/password': {
    '@noble/hashes': 'scrypt, PBKDF2 and argon2 where the runtime has none',
    bcryptjs: 'hashes of other systems, in an entry of its own',
  },
  '@portcullis/session': { bowser: 'the name of a device, from its User-Agent' },
  '@portcullis/cli': { 'csv-parse': 'lists of keys to import', 'fastest-levenshtein': 'the command that was meant' },
};

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
  const allowedHere = Object.keys(outsiders[name] ?? {});
  const brought = Object.entries({ ...manifest.dependencies, ...manifest.optionalDependencies });
  for (const [dependency, range] of brought) {
    const ours = packages.find((each) => each.name === dependency);
    if (!ours && !allowedHere.includes(dependency))
      faults.push(`${name} depends on ${dependency}, which scripts/pack.mjs does not allow it`);
    if (ours && range !== `^${ours.manifest.version}`) faults.push(`${name} wants ${dependency} ${range}`);
  }
  for (const each of allowedHere)
    if (manifest.dependencies?.[each] === undefined) faults.push(`${name} does not depend on ${each} any more`);
  if (manifest.bundledDependencies ?? manifest.bundleDependencies) faults.push(`${name} bundles dependencies`);
  if (manifest.scripts?.install ?? manifest.scripts?.postinstall) faults.push(`${name} runs a script when installed`);

  // npm shows the README alone: a link into the repository leads nowhere there.
  const readme = execFileSync('tar', ['-xzOf', join(tarballs, file), 'package/README.md'], { encoding: 'utf8' });
  const prose = readme.replaceAll(/^```[\s\S]*?^```|`[^`\n]*`/gm, '');
  for (const [, target] of prose.matchAll(/\]\(((?!https:|#)[^)]*)\)/g))
    faults.push(`${name}'s README links to ${target}, which npm does not have`);

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
