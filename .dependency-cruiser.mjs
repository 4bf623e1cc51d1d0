// Who may import whom. Paths are the resolved ones, on source.
import { publishedNames } from './scripts/lib/workspace.mjs';

const features = 'api-key|jwt|session|password|oauth-client|transfer';
const frameworks = 'express|koa|hono|fastify|web';
// What a user's process loads: not the private packages, and not conformance, which is for test runs.
const anySource = `^packages/(core|${features}|storage-[^/]+|${frameworks}|cli)/src/`;
const test = '(^|/)test/';
const builtin = ['core'];

/** Modules inside packages that are entries of some exports map: the only ones another folder may name. */
const entryFiles = `^(${publishedNames()
  .map((file) => file.replaceAll('.', '\\.'))
  .join('|')})$`;

export default {
  forbidden: [
    {
      name: 'core-imports-only-noble-hashes',
      comment: 'Core runs on every runtime and has one dependency.',
      severity: 'error',
      from: { path: '^packages/core/src/' },
      to: { pathNot: ['^packages/core/src/', '/@noble/hashes/'] },
    },
    {
      name: 'features-import-no-feature',
      comment: 'A feature package builds on core only; what two features share belongs in core.',
      severity: 'error',
      from: { path: `^packages/(${features})/src/` },
      to: { path: '^packages/', pathNot: ['^packages/$1/src/', '^packages/core/src/'] },
    },
    {
      name: 'storages-and-frameworks-import-core-only',
      comment: 'An adapter translates; it knows no feature and no other adapter.',
      severity: 'error',
      from: { path: `^packages/(storage-[^/]+|${frameworks})/src/` },
      to: { path: '^packages/', pathNot: ['^packages/$1/src/', '^packages/core/src/'] },
    },
    {
      name: 'cli-imports-no-framework',
      comment:
        "The command works on storages and what features keep in them; a client library is loaded from the user's project.",
      severity: 'error',
      from: { path: '^packages/cli/src/' },
      to: {
        path: ['^packages/', '/node_modules/'],
        pathNot: [
          `^packages/(cli|core|${features}|storage-[^/]+)/src/`,
          '/node_modules/(csv-parse|fastest-levenshtein)/',
        ],
      },
    },
    {
      name: 'storages-take-the-client',
      comment:
        'The client object is passed in, never constructed: a type import is all that an adapter may want of it.',
      severity: 'error',
      from: { path: '^packages/storage-[^/]+/src/' },
      // Redis names a script by its SHA-1, which needs Node's synchronous hash; no other built-in module has a place here.
      to: {
        dependencyTypesNot: ['local', 'type-only', 'aliased', 'aliased-workspace'],
        pathNot: ['^packages/', '^(node:)?crypto$'],
      },
    },
    {
      name: 'web-apis-only',
      comment: 'These packages run on Bun, Deno and Workers too: use process.getBuiltinModule behind a check instead.',
      severity: 'error',
      from: { path: `^packages/(core|${features}|hono|web)/src/` },
      to: { dependencyTypes: builtin },
    },
    {
      name: 'public-names-only',
      comment: 'Other packages and examples import what is published, never a file behind it.',
      severity: 'error',
      from: { path: '^(packages|examples)/([^/]+)/' },
      to: { path: '^packages/[^/]+/src/', pathNot: ['^packages/$2/', entryFiles] },
    },
    {
      name: 'no-test-code-in-source',
      severity: 'error',
      from: { path: anySource },
      to: { path: [test, '^packages/(testkit|testing|conformance|bench|e2e)/', '/node_modules/(vitest|fast-check)/'] },
    },
    {
      name: 'no-cycles',
      comment: 'Types may refer to each other; code may not.',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      // Built into Node 22 and Deno, and not into Node 20.
      to: { couldNotResolve: true, pathNot: '^node:sqlite$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|coverage|node_modules/\\.cache)/' },
    tsPreCompilationDeps: true,
    // Not cjs: `g.require('posts:read')` is not an import.
    moduleSystems: ['es6'],
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@portcullis/source', 'import', 'types', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.json', '.d.ts'],
      mainFields: ['module', 'main', 'types', 'typings'],
    },
  },
};
