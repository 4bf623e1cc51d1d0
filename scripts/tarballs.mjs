// Runs a package checker on the packed tarballs: node scripts/tarballs.mjs publint|attw
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { finish } from './lib/fail.mjs';
import { root } from './lib/workspace.mjs';

const tool = process.argv[2];
// Not `--pack`: both tools would call a package manager by a name that may not be installed.
const options = { publint: ['--strict'], attw: ['--profile', 'esm-only', '--no-emoji', '--format', 'table-flipped'] }[
  tool
];
const folder = join(root, '.cache/tarballs');
const files = readdirSync(folder).filter((file) => file.endsWith('.tgz'));
const check = promisify(execFile);
const faults = [];

// Two at a time: each run loads a compiler, and most of its time is start-up.
async function worker(queue) {
  for (const file of queue) {
    const args = ['scripts/lib/bin.mjs', tool, ...options, join(folder, file)];
    await check(process.execPath, args, { cwd: root }).catch(({ stdout, stderr }) => {
      faults.push(`${file}\n${stdout}${stderr}`);
    });
  }
}
const queue = files.values();
await Promise.all([worker(queue), worker(queue)]);

finish(
  tool,
  faults,
  'mend the package.json that the text names, then `npm run check build pack`',
  `${files.length} tarballs`,
);
