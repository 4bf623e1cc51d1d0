// `npm run bench [-- names]`: builds, then runs packages/bench on the build, as a user's process would load it.
import { spawnSync } from 'node:child_process';
import { root } from './lib/workspace.mjs';

await import('./setup.mjs');
const run = (...args) => {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};
run('scripts/check.mjs', 'build');
run('--expose-gc', '--import', 'tsx', 'packages/bench/src/main.ts', ...process.argv.slice(2));
