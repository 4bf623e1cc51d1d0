// Installs the tarballs in a fresh project, as a user would, then imports and requires every entry and asks every command
// for its help, its version and something that it must refuse.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finish } from './lib/fail.mjs';
import { pnpm } from './lib/pnpm.mjs';
import { publishedPackages, readJson, root } from './lib/workspace.mjs';

const tarballs = join(root, '.cache/tarballs');
const files = readdirSync(tarballs);
const packages = publishedPackages();
const tarball = ({ name, manifest }) => {
  const file = files.find((each) => each === `${name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`);
  return `file:${join(tarballs, file)}`;
};
const peers = Object.assign({}, ...packages.map(({ manifest }) => manifest.peerDependencies ?? {}));
const installed = (name) => packages.map(({ dir }) => join(dir, 'node_modules', name, 'package.json'));

// The versions that the workspace has: they are in pnpm's store already, so nothing is fetched twice.
const peerVersions = Object.fromEntries(
  Object.keys(peers).map((name) => {
    for (const file of [...installed(name), join(root, 'node_modules', name, 'package.json')]) {
      try {
        return [name, readJson(file).version];
      } catch {}
    }
    return [name, peers[name]];
  }),
);

const project = mkdtempSync(join(tmpdir(), 'portcullis-smoke-'));
const faults = [];
try {
  const overrides = Object.fromEntries(packages.map((pkg) => [pkg.name, tarball(pkg)]));
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ type: 'module', dependencies: { ...peerVersions, ...overrides } }),
  );
  writeFileSync(
    join(project, 'pnpm-workspace.yaml'),
    JSON.stringify({ overrides, allowBuilds: { esbuild: true }, pmOnFail: 'ignore' }),
  );
  const install = pnpm(['install', '--prefer-offline', '--ignore-scripts', '--no-frozen-lockfile'], { cwd: project });
  if (install.status !== 0) faults.push(`the install failed:\n${install.stdout}${install.stderr}`);
  else {
    const ids = packages.flatMap(({ name, entries }) => entries.map((entry) => name + entry.name.slice(1)));
    // A suite registers tests when it is imported under its runner only, so importing it must still be harmless here.
    for (const id of ids) {
      for (const code of [
        `await import('${id}')`,
        `import { createRequire } from 'node:module'; createRequire(import.meta.url)('${id}')`,
      ]) {
        const args = ['--no-warnings', '--input-type=module', '-e', code];
        const { status, stderr } = spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' });
        if (status !== 0) faults.push(`${code.slice(0, 60)}\n${stderr}`);
      }
    }
    const commands = packages.flatMap(({ manifest }) => Object.keys(manifest.bin ?? {}));
    for (const command of commands) {
      for (const [args, expected] of [
        [['--help'], 0],
        [['--version'], 0],
        [['--no-such-option'], 2],
      ]) {
        const file = join(project, 'node_modules/.bin', command);
        const { status, stdout, stderr } = spawnSync(file, args, { cwd: project, encoding: 'utf8' });
        const said = expected === 0 ? stdout : stderr;
        if (status !== expected || said === '')
          faults.push(`${command} ${args.join(' ')}: exit code ${status} instead of ${expected}\n${stdout}${stderr}`);
      }
    }
    finish(
      'smoke',
      faults,
      'read the error: the packed package must load by import and by require(), and its commands run',
      `${ids.length} entries load, ${commands.length} command runs`,
    );
  }
} finally {
  rmSync(project, { recursive: true, force: true });
}
if (faults.length > 0 && process.exitCode === undefined) finish('smoke', faults, 'see the error above', '');
