// Writes docs/errors.md from the error tables that the packages export; with --check it only compares.
// Run on source: node --conditions=@portcullis/source --import tsx scripts/errors-doc.mjs
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { finish } from './lib/fail.mjs';
import { publishedPackages, root } from './lib/workspace.mjs';

const isTable = (value) =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value).length > 0 &&
  Object.values(value).every(
    (row) => typeof row?.status === 'number' && typeof row.summary === 'string' && 'retryable' in row,
  );

const sections = [];
for (const { name, dir, entries, manifest } of publishedPackages()) {
  // A suite can be loaded by its test runner only.
  if (manifest.peerDependencies?.vitest) continue;
  const index = entries.find((entry) => entry.name === '.');
  const exported = Object.values(await import(pathToFileURL(join(dir, index.source)).href));
  for (const table of exported.filter(isTable)) {
    const rows = Object.entries(table).map(
      ([code, { status, retryable, summary }]) =>
        `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${summary.replaceAll('|', '\\|')} |`,
    );
    sections.push(
      `## ${name}\n\n| code | status | retry helps | what it means |\n|---|---|---|---|\n${rows.join('\n')}\n`,
    );
  }
}

const text = `# Errors

Every denial and every error that Portcullis throws has a stable code. Codes are never renamed or reused.
This page is generated from the packages' own tables by \`npm run errors:update\`.

${sections.join('\n')}`;
const file = join(root, 'docs/errors.md');
const same =
  sections.length === 0 || (existsSync(file) && readFileSync(file, 'utf8').replaceAll('\r\n', '\n') === text);
if (process.argv.includes('--check')) {
  finish(
    'errors',
    same ? [] : ['docs/errors.md differs from the tables'],
    'npm run errors:update',
    `${sections.length} tables`,
  );
} else if (!same) {
  mkdirSync(join(root, 'docs'), { recursive: true });
  writeFileSync(file, text);
  console.log('errors: wrote docs/errors.md');
}
