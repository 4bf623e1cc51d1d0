// `npm run coverage [-- packages]`: which lines the packages' own tests run. docs/reference/mutation.md says what they would notice.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { readJson, root } from './lib/workspace.mjs';
import { packages as declared } from './mutation/declared.mjs';

const asked = process.argv.slice(2);
const packages = asked.length > 0 ? asked : declared;
const folder = join(root, 'coverage');
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--reporter=dot',
    '--coverage',
    `--coverage.reportsDirectory=${folder}`,
    ...['json-summary', 'html'].map((reporter) => `--coverage.reporter=${reporter}`),
    ...packages.flatMap((name) => ['--project', name, `--coverage.include=packages/${name}/src/**/*.ts`]),
  ],
  { cwd: root, stdio: 'inherit' },
);
if (status !== 0) process.exit(status ?? 1);

const kinds = ['lines', 'statements', 'branches', 'functions'];
const files = Object.entries(readJson(join(folder, 'coverage-summary.json')));
console.log(`\n${'package'.padEnd(10)}${kinds.map((kind) => kind.padStart(12)).join('')}`);
for (const name of packages) {
  const own = files.filter(([file]) => file.replaceAll('\\', '/').includes(`/packages/${name}/src/`));
  const shares = kinds.map((kind) => {
    const [covered, total] = ['covered', 'total'].map((key) => own.reduce((sum, [, each]) => sum + each[kind][key], 0));
    return `${((100 * covered) / total).toFixed(1)} %`.padStart(12);
  });
  console.log(`${name.padEnd(10)}${shares.join('')}`);
}
console.log('\nLine by line: coverage/index.html');
