// One list of test files for every runtime: PORTCULLIS_RUNTIME names the one that this is.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../lib/workspace.mjs';
import { leftOutFiles, leftOutTests, packages, runtimes } from './declared.mjs';

const { name } = runtimes.find((each) => each.name === process.env.PORTCULLIS_RUNTIME);
const inWorkers = name === 'workerd';
const here = ({ on }) => on === undefined || on.includes(name);
const conditions = ['@portcullis/source', ...(inWorkers ? ['workerd', 'worker', 'browser'] : ['node'])];

async function workers() {
  const plugin = join(root, '.cache/runtimes/node_modules/@cloudflare/vitest-plugin/dist/pool/index.mjs');
  const { cloudflareTest } = await import(pathToFileURL(plugin).href);
  return cloudflareTest({ miniflare: { compatibilityDate: '2026-09-01', compatibilityFlags: ['nodejs_compat'] } });
}

const escaped = leftOutTests
  .filter(here)
  .flatMap(({ tests }) => tests)
  .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));

export default {
  root,
  plugins: inWorkers ? [await workers()] : [],
  resolve: {
    conditions,
    alias: inWorkers
      ? [{ find: /^@portcullis-internal\/testkit$/, replacement: join(root, 'scripts/runtimes/workers-testkit.mjs') }]
      : [],
  },
  ssr: { resolve: { conditions, externalConditions: ['@portcullis/source'] } },
  test: {
    include: packages.map((folder) => `packages/${folder}/test/**/*.test.ts`),
    exclude: [
      '**/node_modules/**',
      ...leftOutFiles
        .filter(here)
        .flatMap(({ files }) => files.map((file) => `**${file.startsWith('/') ? '' : '/'}${file}`)),
    ],
    // The certified provider runs in a process of Node beside this runtime.
    provide: { providerHost: process.env.PORTCULLIS_PROVIDER_HOST },
    testTimeout: 60_000,
    maxWorkers: availableParallelism(),
    ...(escaped.length > 0 && { testNamePattern: new RegExp(`^(?!.*(?:${escaped.join('|')}))`, 's') }),
  },
};
