// Writes the API reference of every entry to docs/api from the doc comments, and docs/errors.md.
import { spawnSync } from 'node:child_process';
import { publishedPackages, root } from './lib/workspace.mjs';

const run = (...args) => {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};
const entryPoints = publishedPackages().flatMap(({ folder, entries }) =>
  entries.map(({ source }) => `${folder}/${source.slice(2)}`),
);
run('--conditions=@portcullis/source', '--import', 'tsx', 'scripts/errors-doc.mjs');
run(
  ...[
    'scripts/lib/bin.mjs',
    'typedoc',
    '--plugin',
    'typedoc-plugin-markdown',
    '--tsconfig',
    'tsconfig.docs.json',
    '--out',
    'docs/api',
  ],
  ...[
    '--readme',
    'none',
    '--name',
    'Portcullis',
    '--gitRevision',
    'main',
    '--disableSources',
    '--excludeInternal',
    '--hideBreadcrumbs',
  ],
  ...entryPoints.flatMap((file) => ['--entryPoints', file]),
);
