// Runs everything a contributor can check: all of it, or the checks named on the command line.
// One line per check; a check that fails prints what it said. Order matters: the later ones look at the build.
import { spawn } from 'node:child_process';
import { root, workspacePackages } from './lib/workspace.mjs';

const node = (script, ...args) => [process.execPath, `scripts/${script}.mjs`, ...args];
const bin = (name, ...args) => [process.execPath, 'scripts/lib/bin.mjs', name, ...args];

const parents = [...new Set(workspacePackages().map(({ folder }) => folder.split('/')[0]))];

const checks = {
  references: node('references', '--check'),
  types: bin('tsc', '-b'),
  lint: bin('oxlint', '--type-aware', '--deny-warnings'),
  format: bin('biome', 'format', '.'),
  unused: bin('knip', '--no-progress'),
  dependencies: bin('depcruise', '--config', '.dependency-cruiser.mjs', ...parents),
  'file-size': node('file-size'),
  twins: node('twins'),
  requirements: node('requirements'),
  errors: [process.execPath, '--conditions=@portcullis/source', '--import', 'tsx', 'scripts/errors-doc.mjs', '--check'],
  providers: [
    process.execPath,
    '--conditions=@portcullis/source',
    '--import',
    'tsx',
    'scripts/providers-doc.mjs',
    '--check',
  ],
  runtimes: node('runtimes', '--check'),
  snippets: node('snippets'),
  docs: node('docs'),
  // On the pages that `docs` has built: their programs, copied as a reader copies them, and how they look.
  site: bin('vitest', 'run', '--config', 'docs/test/built/vitest.config.ts'),
  build: node('build'),
  pack: node('pack'),
  publint: node('tarballs', 'publint'),
  attw: node('tarballs', 'attw'),
  release: node('release', '--dry-run'),
  api: node('api'),
  size: bin('size-limit'),
  'type-cost': node('type-cost'),
};

// Lists and figures worth seeing when all is well, too.
const alwaysShown = new Set(['requirements', 'size', 'type-cost']);

function run([command, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => resolve({ ok: false, output: String(error) }));
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in checks));
if (unknown.length > 0) {
  console.error(`check: no check is called ${unknown.join(', ')}. There are: ${Object.keys(checks).join(', ')}`);
  process.exit(2);
}

const failed = [];
const names = asked.length > 0 ? asked : Object.keys(checks);
for (const name of names) {
  const from = performance.now();
  const { ok, output } = await run(checks[name]);
  const seconds = ((performance.now() - from) / 1000).toFixed(1);
  console.log(`${ok ? 'pass' : 'FAIL'}  ${name.padEnd(13)} ${seconds.padStart(6)} s`);
  if (!ok) failed.push(name);
  if (!ok || asked.length > 0 || alwaysShown.has(name)) console.log(output.trimEnd().replace(/^/gm, '      '));
}
if (failed.length > 0) console.log(`\nfailed: ${failed.join(', ')}. Run one alone with: npm run check ${failed[0]}`);
console.log(`${names.length - failed.length} passed, ${failed.length} failed`);
process.exit(failed.length > 0 ? 1 : 0);
