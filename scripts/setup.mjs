// Installs the workspace with the pinned pnpm when the install is not current; otherwise does nothing.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PNPM, pnpm } from './lib/pnpm.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = `${root}node_modules/.portcullis-setup`;
// npm leaves this file behind: an `npm install` by habit has replaced pnpm's links at the top level.
const npmWasHere = `${root}node_modules/.package-lock.json`;

const wanted = createHash('sha256')
  .update(PNPM)
  .update(readFileSync(`${root}pnpm-lock.yaml`))
  .update(readFileSync(`${root}pnpm-workspace.yaml`))
  .digest('hex');
const current = existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted && !existsSync(npmWasHere);

if (!current) {
  console.log(`setup: installing with ${PNPM} ...`);
  if (existsSync(npmWasHere)) rmSync(`${root}node_modules`, { recursive: true, force: true });
  const install = ['install', '--frozen-lockfile', '--reporter=append-only'];
  const { status, error, stdout, stderr } = pnpm(install, { cwd: root });
  if (error || status !== 0) {
    console.error([stdout, stderr, error?.message].filter(Boolean).join('\n'));
    console.error(`setup: the install failed. Try it by hand: npx ${PNPM} install`);
    process.exit(status || 1);
  }
  writeFileSync(stamp, wanted);
  console.log('setup: done');
}
