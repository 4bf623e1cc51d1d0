import { filesUnder, publishedPackages, workspacePackages } from './scripts/lib/workspace.mjs';

const packages = workspacePackages();
const written = new Set(publishedPackages().map(({ folder }) => folder));
const isUnwritten = ({ dir, folder, manifest }) =>
  manifest.private ? filesUnder(dir, (file) => /\.(ts|mjs)$/.test(file)).length === 0 : !written.has(folder);

export default {
  // A package that is not written yet would be reported as unused from end to end.
  ignoreWorkspaces: packages.filter(isUnwritten).map(({ folder }) => folder),
  // A type that an exported signature names may be exported though nothing else names it yet.
  ignoreExportsUsedInFile: { interface: true, type: true },
  workspaces: {
    '.': {
      entry: ['scripts/*.mjs', 'scripts/lib/bin.mjs', 'scripts/runtimes/*.mjs', 'scripts/mutation/*.mjs'],
      // The dry run's own project is of users, who install what it imports.
      project: ['scripts/**/*.mjs', '!scripts/release/project/**', '*.{ts,js,mjs}'],
      // Tools that the scripts run by their bin name, which knip cannot see.
      ignoreDependencies: [
        '@arethetypeswrong/cli',
        '@stryker-mutator/core',
        '@stryker-mutator/vitest-runner',
        'dependency-cruiser',
        'oxlint',
        'oxlint-tsgolint',
        'publint',
        'typedoc',
        'typedoc-plugin-markdown',
      ],
    },
    // Started by scripts/runtimes.mjs, in a process of its own.
    'packages/oauth-client': {
      entry: ['test/**/*.{test,test-d}.ts', 'test/support/provider-host.ts'],
      project: ['src/**/*.ts', 'test/**/*.ts'],
    },
    'packages/*': { entry: ['test/**/*.{test,test-d}.ts'], project: ['src/**/*.ts', 'test/**/*.ts'] },
    // Its suite's app calls a function named require with a permission.
    'packages/conformance': {
      entry: ['test/**/*.{test,test-d}.ts'],
      project: ['src/**/*.ts'],
      ignoreDependencies: ['posts'],
    },
    // What the command loads from its user's project is installed for its tests.
    'packages/cli': {
      entry: ['test/**/*.test.ts', 'test/support/run-all.ts'],
      project: ['src/**/*.ts', 'test/**/*.ts'],
      ignoreDependencies: ['postgres', 'redis'],
    },
    'packages/bench': {
      entry: ['src/*.{ts,mjs}'],
      project: ['src/**/*.{ts,mjs}'],
      // It depends on every package of ours, so that a row needs no edit of the manifest.
      ignoreDependencies: ['@portcullis/.+'],
    },
    'packages/e2e': {
      entry: ['test/**/*.test.ts', 'size/*.js'],
      project: ['test/**/*.ts', 'size/*.js'],
      // It depends on every package and the browser driver, so that a scenario needs no edit of the manifest.
      ignoreDependencies: ['@portcullis/.+'],
    },
    'packages/testkit': {
      entry: ['test/**/*.test.ts'],
      project: ['src/**/*.ts', 'test/**/*.ts'],
      // Programs of the system: a disk that a test can fill.
      ignoreBinaries: ['mount', 'umount'],
    },
    docs: {
      entry: ['snippets/**/*.ts', 'test/**/*.test.ts', 'test/built/vitest.config.ts'],
      project: ['.vitepress/**/*.{ts,vue}', 'snippets/**/*.ts', 'test/**/*.ts'],
      // The programs that tests run are loaded by tsx.
      ignoreDependencies: ['tsx'],
    },
    'examples/*': { project: ['src/**/*.ts'] },
    'examples/client': { entry: ['test/**/*.test.ts'], project: ['src/**/*.ts', 'test/**/*.ts'] },
  },
};
