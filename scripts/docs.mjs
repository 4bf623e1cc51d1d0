// Makes the documentation site in docs/dist: the API reference from the doc comments, the pages that stand elsewhere in
// the repository, then VitePress, then a look at every link. A warning is a failure. `--dev` serves it instead.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { publishedPackages, root } from './lib/workspace.mjs';

const docs = join(root, 'docs');
const isDev = process.argv.includes('--dev');

/** Runs a step of node's and gives what it said, which is shown when it failed or warned. */
function run(name, args, { live = false, cwd = root } = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd,
    encoding: 'utf8',
    stdio: live ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
  });
  const said = `${stdout ?? ''}${stderr ?? ''}`;
  const warns = said.split('\n').filter((line) => /\bwarn(ing)?\b/i.test(line) && !/0 warnings/.test(line));
  if (status === 0 && warns.length === 0) return said;
  console.error(said);
  console.error(`docs: ${name} ${status === 0 ? 'warned' : 'failed'}`);
  return process.exit(1);
}

const entryPoints = publishedPackages().flatMap(({ folder, entries }) =>
  entries.map(({ source }) => `${folder}/${source.slice(2)}`),
);
run('errors', ['--conditions=@portcullis/source', '--import', 'tsx', 'scripts/errors-doc.mjs']);
run('pages', ['scripts/docs-pages.mjs']);
rmSync(join(docs, 'api'), { recursive: true, force: true });
run('typedoc', [
  ...['scripts/lib/bin.mjs', 'typedoc', '--plugin', 'typedoc-plugin-markdown', '--tsconfig', 'tsconfig.docs.json'],
  // One page an entry: what belongs together is read together, and the site builds in half a minute instead of five.
  ...['--router', 'module', '--out', 'docs/api', '--readme', 'none', '--name', 'API', '--gitRevision', 'main'],
  ...['--entryFileName', 'index', '--useHTMLAnchors', '--flattenOutputFiles', '--treatWarningsAsErrors'],
  ...['--disableSources', '--excludeInternal', '--hideBreadcrumbs', '--hidePageHeader'],
  ...entryPoints.flatMap((file) => ['--entryPoints', file]),
]);

// typedoc names a page after its folder; a reader knows the entry by what is imported.
for (const name of readdirSync(join(docs, 'api'))) {
  const text = readFileSync(join(docs, 'api', name), 'utf8')
    .replaceAll(/\.src(?=(\.[\w-]+)?\.md\b)/g, '')
    .replaceAll(/^(# |- \[)([\w-]+)\/src\b/gm, '$1@portcullis/$2');
  rmSync(join(docs, 'api', name));
  writeFileSync(join(docs, 'api', name.replace('.src', '')), text);
}

const manifest = createRequire(join(docs, 'package.json')).resolve('vitepress/package.json');
const vitepress = join(dirname(manifest), 'bin/vitepress.js');
if (isDev) run('vitepress', [vitepress, 'dev', '.'], { live: true, cwd: docs });
else {
  run('vitepress', [vitepress, 'build', '.'], { cwd: docs });
  console.log(run('links', ['scripts/docs-links.mjs']).trim());
}
