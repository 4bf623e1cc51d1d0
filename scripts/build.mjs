// Builds every published package: tsup writes the JavaScript from the entries in the manifest, tsc the declarations.
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'tsup';
import { publishedPackages, root, workspacePackages } from './lib/workspace.mjs';

// All of dist goes, the compiler's own record in it too: it must not believe that its output is still there.
for (const { dir } of workspacePackages()) rmSync(join(dir, 'dist'), { recursive: true, force: true });

// Every program loads core, and every file costs a start a millisecond or two: core's entries share one file, of which
// bundlers keep what is used.
const inOneFile = new Set(['@portcullis/core']);

/** Where a source file's build goes, in dist and without its extension. */
const placeOf = (source) => source.slice('./src/'.length, -'.ts'.length);

function bundle(dir, entry) {
  process.chdir(dir); // tsup reads the manifest of the working directory to know what stays external
  return build({
    entry,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    // What `imports` names stays a name: the runtime or the user's bundler chooses.
    external: [/^node:/, /^#/],
    splitting: true,
    removeNodeProtocol: false,
    config: false,
    silent: true,
    outDir: 'dist',
    // esbuild remembers the directory that it was loaded in.
    esbuildOptions: (options) => void (options.absWorkingDir = dir),
  });
}

/** Puts what the entries share through chunks into one file, from which they export again. */
async function joinEntries(dir, places) {
  const dist = join(dir, 'dist');
  const namesOf = async (place) => Object.keys(await import(pathToFileURL(join(dist, `${place}.js`)).href));
  const names = await Promise.all(places.map(namesOf));
  const all = join(dist, 'all.ts');
  writeFileSync(all, places.map((place) => `export * from '../src/${place}.js';\n`).join(''));
  await bundle(dir, { all: 'dist/all.ts' });
  rmSync(all);
  for (const [at, place] of places.entries()) {
    const from = `${'../'.repeat(place.split('/').length - 1) || './'}all.js`;
    writeFileSync(join(dist, `${place}.js`), `export { ${names[at].join(', ')} } from '${from}';\n`);
  }
  for (const file of readdirSync(dist)) if (file.startsWith('chunk-')) rmSync(join(dist, file));
}

const packages = publishedPackages();
const failed = [];
for (const { dir, entries, manifest, name } of packages) {
  const bins = Object.values(manifest.bin ?? {}).map((target) =>
    target.replace('./dist/', './src/').replace(/\.js$/, '.ts'),
  );
  const places = [...entries.map(({ source }) => source), ...bins].map(placeOf);
  // Files between which the manifest's own `imports` choose by runtime.
  const choices = Object.values(manifest.imports ?? {})
    .flatMap((targets) => Object.values(targets))
    .filter((target) => target.startsWith('./dist/'))
    .map((target) => target.slice('./dist/'.length, -'.js'.length));
  try {
    const sources = (list) => Object.fromEntries(list.map((place) => [place, `./src/${place}.ts`]));
    await bundle(dir, sources(places));
    // On their own, because what they share with the entries is no file any more when those are joined.
    if (choices.length > 0) await bundle(dir, sources(choices));
    if (inOneFile.has(name)) await joinEntries(dir, places);
    console.log(`built ${name}`);
  } catch (error) {
    // The others are built all the same, so that one broken package does not hide the rest.
    console.error(`build: ${name}:`, error);
    failed.push(name);
  }
}

process.chdir(root);
const { status } = spawnSync(
  process.execPath,
  ['scripts/lib/bin.mjs', 'tsc', '-b', ...packages.map(({ folder }) => folder)],
  { stdio: 'inherit' },
);
if (failed.length > 0) console.error(`build: failed: ${failed.join(', ')}`);
process.exit(failed.length > 0 ? 1 : (status ?? 1));
