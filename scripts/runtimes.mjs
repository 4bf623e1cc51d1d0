// Runs the packages' own tests on every runtime they are for, or on those named on the command line, and prints a table.
// With --update it writes docs/runtimes.md; with --check it runs nothing and compares that page with what is declared.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { finish } from './lib/fail.mjs';
import { readJson, root } from './lib/workspace.mjs';
import { leftOutFiles, leftOutTests, packages, runtimes } from './runtimes/declared.mjs';

const folder = join(root, '.cache/runtimes');
const page = join(root, 'docs/runtimes.md');

/** npm, because it takes an install apart from the workspace; nothing here is wanted by a test or a build. */
function install() {
  const manifest = `${JSON.stringify({ private: true, dependencies: Object.assign({}, ...runtimes.map((each) => each.install)) }, null, 2)}\n`;
  const file = join(folder, 'package.json');
  const stamp = join(folder, 'installed.json');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === manifest) return;
  console.log('runtimes: installing their binaries into .cache/runtimes ...');
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, manifest);
  const args = [
    'install',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    '--legacy-peer-deps',
    '--install-links=false',
  ];
  const { status } = spawnSync('npm', args, { cwd: folder, stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) throw new Error('runtimes: npm could not install them.');
  writeFileSync(stamp, manifest);
}

/** oidc-provider, in a process of Node: the OAuth client of every runtime signs in there. */
async function startProviderHost() {
  const program = 'packages/oauth-client/test/support/provider-host.ts';
  const args = ['--conditions=@portcullis/source', '--import', 'tsx', program];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  for await (const address of createInterface(child.stdout)) if (/^http/.test(address)) return { child, address };
  throw new Error(`runtimes: the certified provider did not start.\n${said}`);
}

/** What one runtime's run came to, by package: tests that passed, and titles of those that failed. */
function run({ name, command }, providerHost) {
  const report = join(folder, `${name.replace(' ', '-')}.json`);
  writeFileSync(report, '{}');
  const [program, ...before] = command(join(folder, 'node_modules'));
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'scripts/runtimes/vitest.config.mjs'];
  const { stdout, stderr, status } = spawnSync(
    program,
    [...before, ...vitest, '--reporter=json', `--outputFile=${report}`],
    {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, PORTCULLIS_RUNTIME: name, PORTCULLIS_PROVIDER_HOST: providerHost, NO_COLOR: '1' },
      maxBuffer: 2 ** 28,
    },
  );
  const { testResults = [] } = readJson(report);
  const counts = Object.fromEntries(packages.map((each) => [each, 0]));
  const failures = [];
  for (const { name: file, status: fate, message, assertionResults } of testResults) {
    const path = file.replaceAll('\\', '/').split('/packages/')[1];
    for (const { status: outcome, fullName, failureMessages } of assertionResults) {
      if (outcome === 'passed') counts[path.split('/')[0]] += 1;
      if (outcome === 'failed') failures.push(`${path}: ${fullName}\n${failureMessages.join('\n').slice(0, 1500)}`);
    }
    if (fate === 'failed' && assertionResults.length === 0) failures.push(`${path}: ${message}`);
  }
  for (const each of packages) if (counts[each] === 0) failures.push(`packages/${each}: no test ran`);
  if (status !== 0 && (failures.length === 0 || testResults.length === 0))
    failures.push(`it ended with ${status}\n${`${stdout}${stderr}`.slice(-3000)}`);
  return { counts, failures };
}

const row = (cells) => `| ${cells.join(' | ')} |`;
const table = (results) =>
  [
    row(['', ...packages]),
    row(['---', ...packages.map(() => '---:')]),
    ...runtimes.flatMap(({ name, version }) =>
      results.has(name) ? [row([`${name} (${version})`, ...packages.map((each) => results.get(name)[each])])] : [],
    ),
  ].join('\n');

const leftOut = (list, key) =>
  list.map(({ on = ['every runtime'], reason, ...what }) =>
    row([on.join(', '), what[key].map((each) => `\`${each.replace(/^\//, '')}\``).join(', '), reason]),
  );

const text = (results) => `# Runtimes

The same code runs on Node, Bun, Deno and Cloudflare's workerd: Web APIs only, with the runtime's own crypto where it has
one that answers right. Each package's own tests run on each of them, with \`npm run test:runtimes\`; the binaries come from npm.
The OAuth client signs in at oidc-provider, a certified provider, which runs on Node beside the runtime under test.
This page is generated by \`npm run runtimes:update\`. The numbers are tests that passed when it was made; none failed.

${table(results)}

What is left out, and why:

| on | test files | reason |
| --- | --- | --- |
${leftOut(leftOutFiles, 'files').join('\n')}

| on | tests | reason |
| --- | --- | --- |
${leftOut(leftOutTests, 'tests').join('\n')}
`;

/** The numbers that the page says, so that it can be compared without a run. */
function saidByThePage() {
  const said = existsSync(page) ? readFileSync(page, 'utf8') : '';
  const numbers = new Map();
  for (const { name, version } of runtimes) {
    const cells =
      said
        .split('\n')
        .find((line) => line.startsWith(`| ${name} (${version}) |`))
        ?.split('|')
        .slice(2, -1) ?? [];
    numbers.set(name, Object.fromEntries(packages.map((each, at) => [each, Number(cells[at] ?? 0)])));
  }
  return { said, numbers };
}

const asked = process.argv.slice(2);
if (asked.includes('--check')) {
  const { said, numbers } = saidByThePage();
  const empty = [...numbers].filter(([, counts]) => Object.values(counts).some((count) => !(count > 0)));
  const faults = empty.map(([name]) => `docs/runtimes.md has no run of every package on ${name}`);
  if (faults.length === 0 && said !== text(numbers))
    faults.push('docs/runtimes.md is not what scripts/runtimes/declared.mjs declares');
  finish('runtimes', faults, 'npm run runtimes:update', `${runtimes.length} runtimes, ${packages.length} packages`);
} else {
  const names = asked.filter((each) => !each.startsWith('--'));
  const chosen = runtimes.filter(({ name }) => names.length === 0 || names.includes(name));
  if (names.length > chosen.length)
    throw new Error(`runtimes: there are ${runtimes.map(({ name }) => `"${name}"`).join(', ')}`);
  install();
  const host = await startProviderHost();
  const results = new Map();
  const failures = [];
  for (const runtime of chosen) {
    const from = performance.now();
    const { counts, failures: found } = run(runtime, host.address);
    results.set(runtime.name, counts);
    failures.push(...found.map((each) => `${runtime.name}: ${each}`));
    const seconds = ((performance.now() - from) / 1000).toFixed(1);
    console.log(`${found.length === 0 ? 'pass' : 'FAIL'}  ${runtime.name.padEnd(8)} ${seconds.padStart(6)} s`);
  }
  // The guide's programs, as the page shows them, each started by its runtime.
  if (names.length === 0) {
    const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'docs', 'test/deploy.test.ts'];
    const env = { ...process.env, REQUIRE_RUNTIMES: '1', NO_COLOR: '1' };
    const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', env });
    if (status !== 0) failures.push(`docs/guide/deploying.md: ${stdout.slice(-3000)}`);
  }
  host.child.stdin.end();
  console.log(`\n${table(results)}\n`);
  for (const failure of failures) console.error(failure);
  const passed = [...results.values()].flatMap(Object.values).reduce((sum, count) => sum + count, 0);
  if (asked.includes('--update') && failures.length === 0 && chosen.length === runtimes.length)
    writeFileSync(page, text(results));
  console.log(`${passed} passed, ${failures.length} failed`);
  process.exitCode = failures.length > 0 ? 1 : 0;
}
