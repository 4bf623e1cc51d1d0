// The one place that names the package manager. It runs through npx: a newcomer needs only Node and npm.
import { spawnSync } from 'node:child_process';

export const PNPM = 'pnpm@12.21.0';

export function pnpm(args, options = {}) {
  return spawnSync('npx', ['--yes', PNPM, ...args], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
    ...options,
  });
}
