// Publishes every package, by the pinned pnpm: to the registry that the environment's npmrc names.
import { spawn } from 'node:child_process';
import { PNPM } from '../lib/pnpm.mjs';
import { publishedPackages, root } from '../lib/workspace.mjs';

/**
 * Versions that the registry has are left alone, so a release that broke off is taken up by running it again.
 *
 * @param {{ npmrc?: string, provenance?: boolean }} options the npmrc of another registry; `provenance` for a signed
 *   statement of which commit and workflow made the packages: without a workflow that can sign, nothing is published
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
export function publish({ npmrc, provenance = false }) {
  const filters = publishedPackages().map(({ name }) => `--filter=${name}`);
  // Git is looked at before: pnpm would ask for a branch, and a workflow may have none.
  const args = ['--yes', PNPM, '-r', ...filters, 'publish', '--access', 'public', '--no-git-checks'];
  // As an option: pnpm passes over NPM_CONFIG_PROVENANCE without a word.
  if (provenance) args.push('--provenance');
  const env = npmrc === undefined ? {} : { NPM_CONFIG_USERCONFIG: npmrc, npm_config_userconfig: npmrc };
  return new Promise((resolve, reject) => {
    const child = spawn('npx', args, {
      cwd: root,
      env: { ...process.env, ...env },
      shell: process.platform === 'win32',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });
}
