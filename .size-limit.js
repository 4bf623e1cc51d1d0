// What each entry may cost a user, bundled with its dependencies, minified and gzipped. Frameworks and clients are the
// user's own (peers), so they are not counted. An entry without a budget is refused: give it one here.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { publishedPackages, root } from './scripts/lib/workspace.mjs';

const budgets = {
  '@portcullis/core': '24.5 kB',
  '@portcullis/core/adapter': '2.6 kB',
  // One timer, one registry and one reader of rows for all adapters, which each had their own, and polite sweeping are 0.6 kB of it.
  '@portcullis/core/storage': '9.1 kB',
  '@portcullis/core/policy': '4.4 kB',
  '@portcullis/core/rate-limit': '7.9 kB',
  // The encoder of base64url is there twice on web runtimes, so that Node's bundles are without it.
  '@portcullis/core/csrf': '5.6 kB',
  '@portcullis/core/cookies': '2.3 kB',
  '@portcullis/core/fetch': '1.1 kB',
  '@portcullis/core/endpoint': '1 kB',
  '@portcullis/core/openapi': '4.8 kB',
  '@portcullis/core/node': '2.3 kB',
  '@portcullis/api-key': '10.6 kB',
  '@portcullis/jwt': '33 kB',
  '@portcullis/jwt/testing': '12 kB',
  '@portcullis/session': '15.7 kB',
  // Signing in is 29 kB of it, oauth4webapi and jose included; the vault and machine tokens are the rest.
  '@portcullis/oauth-client': '42 kB',
  '@portcullis/oauth-client/providers': '13 kB',
  '@portcullis/password': '20 kB',
  '@portcullis/password/bcrypt': '10 kB',
  '@portcullis/password/common-passwords': '85 kB',
  '@portcullis/testing': '2.5 kB',
  '@portcullis/storage-sqlite': '5.5 kB',
  '@portcullis/storage-sqlite/d1': '6.2 kB',
  '@portcullis/storage-postgres': '9.8 kB',
  '@portcullis/storage-mysql': '7.5 kB',
  '@portcullis/storage-redis': '10.3 kB',
  '@portcullis/transfer': '4 kB',
  '@portcullis/cli': '0.2 kB',
  // Mounting a feature's endpoint is 0.1 kB of each.
  '@portcullis/express': '2.4 kB',
  '@portcullis/koa': '2.1 kB',
  '@portcullis/hono': '2.5 kB',
  '@portcullis/fastify': '2.2 kB',
  '@portcullis/web': '2.6 kB',
};

// Shared chunks import each other for order only, of which esbuild warns outside node_modules.
const quiet = (config) => ({ ...config, logLevel: 'error' });
const onNode = (config) => ({ ...quiet(config), platform: 'node', format: 'esm' });

// Together in one user's program: what tree shaking leaves of core, api-key and one adapter, for a server that verifies keys and
// for one that issues them too. Express, Koa and Fastify run on Node, which has its own SHA-256; Hono and fetch handlers run
// everywhere, so they are measured with the portable one. The goal of 12 kB is missed: docs/design/size.md says by what and why.
const programs = [
  { framework: 'express', platform: 'node', verifying: '18.9 kB', managing: '23.6 kB' },
  { framework: 'koa', platform: 'node', verifying: '18.6 kB', managing: '23.3 kB' },
  { framework: 'hono', platform: 'browser', verifying: '21.7 kB', managing: '26.2 kB' },
  { framework: 'fastify', platform: 'node', verifying: '18.6 kB', managing: '23.3 kB' },
  { framework: 'web', platform: 'browser', verifying: '21.1 kB', managing: '25.7 kB' },
].flatMap(({ framework, platform, verifying, managing }) =>
  [
    { name: `core + api-key (verifying) + ${framework}`, program: 'key-verifier', limit: verifying },
    { name: `core + api-key + ${framework}`, program: 'api-keys', limit: managing },
  ].map(({ name, program, limit }) => ({
    name,
    path: `packages/e2e/size/${program}-on-${framework}.js`,
    ignore: ['express', 'koa', '@koa/router', 'hono', 'fastify'],
    gzip: true,
    modifyEsbuildConfig: (config) => ({ ...quiet(config), platform, format: 'esm' }),
    limit,
  })),
);

const entries = publishedPackages()
  .filter(({ manifest }) => !manifest.peerDependencies?.vitest)
  .flatMap(({ name, folder, manifest, entries: list }) =>
    list.map((entry) => {
      const id = name + entry.name.slice(1);
      if (!budgets[id]) throw new Error(`${id} has no size budget: give it one in .size-limit.js`);
      // An adapter is measured without core, which every user has once.
      const ignore =
        name === '@portcullis/core' ? [] : ['@portcullis/core', ...Object.keys(manifest.peerDependencies ?? {})];
      const path = `${folder}/${entry.source.replace('./src/', 'dist/').replace(/\.ts$/, '.js')}`;
      // Storages and their clients run on Node.
      const modifyEsbuildConfig = folder.startsWith('packages/storage-') ? onNode : quiet;
      return { name: id, path, ignore, gzip: true, modifyEsbuildConfig, limit: budgets[id] };
    }),
  );

export default [...programs.filter(({ path }) => existsSync(join(root, path))), ...entries];
