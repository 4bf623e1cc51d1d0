// Which runtimes the packages' own tests run on, and what is left out there and why. One more package is one more line.

export const packages = ['core', 'api-key', 'jwt', 'session', 'password', 'oauth-client', 'hono', 'web'];

const nodePackage = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const node = (major, version) => ({
  name: `Node ${major}`,
  version,
  install: { [`node${major}`]: `npm:${nodePackage}@${version}` },
  command: (modules) => [`${modules}/node${major}/bin/node`],
});

/** Versions are pinned, so that the page says what was run. Binaries come from npm, into .cache. */
export const runtimes = [
  node(20, '20.20.2'),
  node(22, '22.23.3'),
  node(24, '24.21.0'),
  node(26, '26.12.1'),
  {
    name: 'Bun',
    version: '1.4.5',
    install: { bun: '1.4.5' },
    command: (modules) => [`${modules}/bun/bin/bun.exe`, '--bun'],
  },
  {
    name: 'Deno',
    version: '2.9.6',
    install: { deno: '2.9.6' },
    command: (modules) => [`${modules}/deno/deno`, 'run', '-A'],
  },
  {
    name: 'workerd',
    version: '1.20261102.1',
    // Its test runner stands in Node and sends each file into workerd.
    install: {
      '@cloudflare/vitest-plugin': '1.5.0',
      vitest: 'file:../../node_modules/vitest',
      ...node(24, '24.21.0').install,
    },
    command: (modules) => [`${modules}/node24/bin/node`],
  },
];

/** Test files that are not run, by the end of their path. Without `on`: on no runtime. */
export const leftOutFiles = [
  {
    files: ['/test/readme.test.ts'],
    reason: 'Compares prose with files, which is the same everywhere.',
  },
  {
    on: ['workerd'],
    files: [
      'core/test/node/*.test.ts',
      'core/test/regressions/one-set-cookie-a-cookie.test.ts',
      'core/test/regressions/one-field-once.test.ts',
    ],
    reason: 'Drives the server of node:http, for which Workers have fetch handlers.',
  },
  {
    on: ['workerd'],
    files: ['hono/test/conformance.test.ts', 'web/test/conformance.test.ts', 'web/test/native-server.test.ts'],
    reason: 'Sends requests to a server that the test starts, as Workers cannot.',
  },
  {
    on: ['workerd'],
    files: ['jwt/test/verified-token-cache.test.ts', 'jwt/test/regressions/workers-node-crypto.test.ts'],
    reason: 'About the native engine, which Workers do not have: their node:crypto verifies with no KeyObject.',
  },
  {
    on: ['workerd'],
    files: ['jwt/test/remote-keys.test.ts', 'jwt/test/discovery.test.ts'],
    reason: 'Fetches keys from a server of node:http that the test starts.',
  },
  {
    on: ['workerd'],
    files: [
      'oauth-client/test/backchannel-logout.test.ts',
      'oauth-client/test/create-connection.test.ts',
      'oauth-client/test/hostile-provider.test.ts',
      'oauth-client/test/posted-callback.test.ts',
      'oauth-client/test/sign-in.test.ts',
      'oauth-client/test/step-up.test.ts',
    ],
    reason:
      'Starts a provider that misbehaves, on node:http. The certified provider, in a process beside, is asked here too.',
  },
  {
    on: ['workerd'],
    files: ['oauth-client/test/providers.test.ts'],
    reason: 'Reads what providers answered from files, which Workers do not have.',
  },
];

/** Tests that are not run, by a piece of their title. */
export const leftOutTests = [
  {
    on: ['Bun', 'workerd'],
    tests: ['decides IPv6 blocks as Node does', 'gives every spelling of an IPv6 address the network'],
    reason:
      "Compares with the runtime's own parser of IPv6 addresses, which refuses valid ones or differs from Node's.",
  },
  {
    on: ['workerd'],
    tests: [
      'the native engine is there on this runtime',
      'the native engine keeps nothing of one text for the next',
      'the native engine computes the same HMAC',
      'both engines agree on mutated tokens',
      'verifies a good token synchronously',
      'forgets what a revocation concerns, by token, user and login',
    ],
    reason: 'About the native engine, which Workers do not have: their node:crypto verifies with no KeyObject.',
  },
  {
    on: ['workerd'],
    tests: ['takes no list that mixes HMAC and signatures'],
    reason: 'Expects a bad key to be told at once; where keys are imported in the background, ready() tells.',
  },
  {
    on: ['workerd'],
    tests: [
      'signatures that node:crypto made, and its own',
      'engine signs Ed25519 and verifies',
      'pins a key to one algorithm: type, curve, alg, use',
      'gives one key one algorithm',
      'believes no message whose signature is wrong, of another key',
    ],
    reason: 'Makes keys and signatures with the node:crypto of Workers, which writes another alg and salt.',
  },
  {
    on: ['workerd'],
    tests: ['and off the event loop'],
    reason: 'Workers have no thread pool: a native hash blocks, as every computation there does.',
  },
  {
    on: ['workerd'],
    tests: ['keeps no process alive'],
    reason: 'Workers have no process that a timer could keep alive.',
  },
  {
    on: ['Deno'],
    tests: ['sends its fields with writeHead(status, reason', 'sends each field once after a writeHead that failed'],
    reason: "Deno's node:http writes a reason phrase of its own, and a writeHead that failed cannot be repeated.",
  },
];
