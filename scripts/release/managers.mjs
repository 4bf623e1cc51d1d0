// The package managers that the packages are installed with: how each is told of a registry for our scope, how it
// installs, and how a program runs in its project. Versions are pinned; npm is the one that came with Node.
import { execFileSync } from 'node:child_process';
import { PNPM } from '../lib/pnpm.mjs';

const bun = 'bun@1.4.5';
const yarn = '@yarnpkg/cli-dist@4.18.1';

const npx = (name, ...args) => ['npx', '--yes', name, ...args];
const linked = (command) => [`node_modules/.bin/${command}`];
const npmrc = (registry) => ({ '.npmrc': `@portcullis:registry=${registry}/\n` });

// Yarn reads no npmrc: it is told what npm uses for everything else.
const usualRegistry = () => execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim();

const yarnWith = (nodeLinker, programs) => ({
  name: `yarn-${nodeLinker}`,
  files: (registry) => ({
    'yarn.lock': '',
    '.yarnrc.yml': JSON.stringify({
      nodeLinker,
      npmRegistryServer: usualRegistry(),
      npmScopes: { portcullis: { npmRegistryServer: registry } },
      unsafeHttpWhitelist: ['127.0.0.1'],
      npmMinimalAgeGate: 0,
      enableImmutableInstalls: false,
      enableTelemetry: false,
      // A version's archive is of one dry run, and must not be another's.
      globalFolder: '.yarn-global',
    }),
  }),
  install: npx(yarn, 'install'),
  run: npx(yarn, 'node'),
  command: (command) => npx(yarn, 'run', command),
  programs,
});

export const managers = [
  {
    name: 'npm',
    files: npmrc,
    install: ['npm', 'install', '--no-audit', '--no-fund', '--loglevel=error'],
    run: ['node'],
    command: linked,
  },
  {
    name: 'pnpm',
    files: (registry) => ({
      ...npmrc(registry),
      'pnpm-workspace.yaml': JSON.stringify({ allowBuilds: { esbuild: false }, pmOnFail: 'ignore' }),
    }),
    install: npx(PNPM, 'install', '--no-frozen-lockfile'),
    run: ['node'],
    command: linked,
  },
  yarnWith('node-modules', ['server.mjs', 'server.cjs']),
  // Its default: nothing can be imported that a manifest does not name. Not for CommonJS: what an ES module that was
  // loaded by require() imports, Node looks up without asking Plug'n'Play.
  yarnWith('pnp', ['server.mjs']),
  {
    name: 'bun',
    files: npmrc,
    // Bun's cache goes by version alone, and a version here is of one dry run.
    install: npx(bun, 'install', '--no-progress', '--cache-dir', '.bun-cache'),
    // What `bun install` made, and Bun itself to run it.
    run: npx(bun, '--bun', 'run'),
    command: linked,
  },
];
