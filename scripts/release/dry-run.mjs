// Publishes every package to a registry in memory and installs from it, as users will.
//
// What is crossed: each package manager installs every package, and runs a server as ES modules and one as CommonJS, the
// command, and an import and a require of every entry. Each way to set up a compiler checks every entry once, in npm's
// project: managers differ in how they lay out files, and compilers in how they read the same manifests. Every manager
// with every compiler would say nothing more.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publishedPackages, readJson, root } from '../lib/workspace.mjs';
import { managers } from './managers.mjs';
import { publish } from './publish.mjs';
import { startRegistry } from './registry.mjs';
import { compilers, prepareTypes, typeModes } from './types.mjs';

const packages = publishedPackages();
const entries = packages.flatMap(({ name, entries: own }) => own.map((entry) => name + entry.name.slice(1)));
const [
  {
    manifest: { version },
  },
] = packages;

/** The versions that the workspace tests with. */
function versionOf(name) {
  const places = [...packages.map(({ dir }) => dir), root].map((dir) =>
    join(dir, 'node_modules', name, 'package.json'),
  );
  for (const file of places) {
    try {
      return readJson(file).version;
    } catch {}
  }
  throw new Error(`release: the workspace has no ${name}`);
}

const peers = [...new Set(packages.flatMap(({ manifest }) => Object.keys(manifest.peerDependencies ?? {})))];
const ours = Object.fromEntries(packages.map(({ name }) => [name, version]));
const declarations = ['@types/node', '@types/express', '@types/koa'];
const versions = (names) => Object.fromEntries(names.map((name) => [name, versionOf(name)]));

function run([program, ...args], cwd) {
  return new Promise((resolve) => {
    const env = { ...process.env, NO_COLOR: '1', NODE_NO_WARNINGS: '1' };
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const out = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr']) child[stream].on('data', (chunk) => (out[stream] += chunk));
    child.on('error', (error) => resolve({ status: -1, ...out, stderr: String(error) }));
    child.on('close', (status) => resolve({ status, ...out }));
  });
}

const told = ({ status, stdout, stderr }) => `it ended with ${status}\n${`${stdout}${stderr}`.slice(-3000)}`;

async function tryManager(manager, folder, registry) {
  const { name, files, install, run: runner, command, programs = ['server.mjs', 'server.cjs'] } = manager;
  const project = join(folder, name);
  mkdirSync(project);
  cpSync(join(root, 'scripts/release/project'), project, { recursive: true });
  const dependencies = {
    ...ours,
    ...versions(peers),
    ...(name === 'npm' ? { ...versions(declarations), ...compilers } : {}),
  };
  const written = { 'package.json': JSON.stringify({ type: 'module', dependencies }), ...files(registry) };
  for (const [file, content] of Object.entries(written)) writeFileSync(join(project, file), content);
  writeFileSync(join(project, 'entries.json'), JSON.stringify(entries));

  const installed = await run(install, project);
  if (installed.status !== 0) return [`the install failed: ${told(installed)}`];
  const faults = [];
  for (const program of programs) {
    const result = await run([...runner, program], project);
    if (result.stdout.trim().split('\n').at(-1) !== '[401,200,403]') faults.push(`${program}: ${told(result)}`);
  }
  for (const [asked, expected] of [
    ['--help', 0],
    ['--version', 0],
    ['--no-such-option', 2],
  ]) {
    const result = await run([...command('portcullis'), asked], project);
    const { status, stdout, stderr } = result;
    const right = status === expected && (expected === 0 ? stdout : stderr) !== '';
    if (!right || (asked === '--version' && !stdout.includes(version)))
      faults.push(`portcullis ${asked}: ${told(result)}`);
  }
  return faults;
}

async function tryTypes(mode, folder) {
  const project = join(folder, 'npm');
  const result = await run(prepareTypes(project, mode, entries), project);
  // Others' declarations are theirs to mend, and are read all the same: what ours say may hang on them.
  const others = /^node_modules\/(?!@portcullis\/).*/;
  const wrong = result.stdout.split('\n').filter((line) => /error TS/.test(line));
  return result.status === 0 || (wrong.length > 0 && wrong.every((line) => others.test(line))) ? [] : [told(result)];
}

/** Two at a time, as many as a small machine has cores. */
function inPairs(list, work) {
  const queue = list.values();
  const worker = async () => {
    for (const each of queue) await work(each);
  };
  return Promise.all([worker(), worker()]);
}

/** @returns {Promise<{ faults: string[], summary: string }>} */
export async function dryRun() {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-release-'));
  const registry = await startRegistry();
  const faults = [];
  const times = [];
  async function step(name, work) {
    const from = performance.now();
    for (const fault of await work()) faults.push(`${name}: ${fault}`);
    times.push(`${name} ${((performance.now() - from) / 1000).toFixed(0)} s`);
  }
  try {
    const npmrc = join(folder, '.npmrc');
    const { host } = new URL(registry.url);
    writeFileSync(npmrc, `@portcullis:registry=${registry.url}/\n//${host}/:_authToken=of-the-dry-run\n`);
    await step('publish', async () => {
      const { output } = await publish({ npmrc });
      const missing = packages.filter(({ name }) => !registry.published().has(name)).map(({ name }) => name);
      return missing.length === 0 ? [] : [`not published: ${missing.join(', ')}\n${output}`];
    });
    if (faults.length === 0) {
      await inPairs(managers, (each) => step(each.name, () => tryManager(each, folder, registry.url)));
      await inPairs(typeModes, (mode) => step(`TypeScript, ${mode.name}`, () => tryTypes(mode, folder)));
    }
  } finally {
    registry.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return { faults, summary: `${packages.length} packages, ${entries.length} entries; ${times.join(', ')}` };
}
