// Twins look alike: the storages share one list of source files and README headings, and so do the framework adapters,
// whose export names are also equal but for the framework's name. Backends differ in data, not in shape.
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { finish } from './lib/fail.mjs';
import { filesUnder, frameworks, publishedPackages } from './lib/workspace.mjs';

const words = (text) =>
  text
    .replaceAll(
      /sqlite|postgresql|postgres|mysql|mariadb|redis|express|koa|hono|fastify|web(?=\b|guard|middleware|endpoint)/gi,
      '*',
    )
    .replaceAll('*s', '*');

// What only some backends have: messages between processes, several kinds of client, and in Redis, which has neither
// tables nor statements nor a sweeper's index, the key layout, its scripts, the directory of indexes and the expiry list.
// SQLite's tables have a second kind of database, Cloudflare D1, and the two share a registry.
const optional = new Set(
  ['bus', 'clients', 'layout', 'scripts', 'directory', 'deadlines', 'registry', 'd1', 'd1-storage'].map(
    (name) => `src/${name}.ts`,
  ),
);

// How each framework shapes what it hands to handlers and gets from them, which only it can name.
const ownShapes =
  /^((?:\*|Web)(Arguments|Context|Done|ErrorHandler|Fetch|Handler|Handling|Incoming|Next|Outgoing|Params|Response|RouteOptions|Routes?|Source)|ReadAddress)$/;

const sourceFiles = ({ dir }) =>
  filesUnder(join(dir, 'src'), (path) => path.endsWith('.ts'))
    .map((path) => words(relative(dir, path)))
    .filter((path) => !optional.has(path));

const headings = ({ dir }) => {
  const file = join(dir, 'README.md');
  if (!existsSync(file)) return [];
  const prose = readFileSync(file, 'utf8').replaceAll(/^(```|~~~)[\s\S]*?^\1/gm, '');
  return [...prose.matchAll(/^#{1,6} (.+)$/gm)].map(([, title]) => words(title));
};

// STYLE: an index holds named exports only, so its text is all there is to read.
const exportNames = ({ dir }) =>
  [...readFileSync(join(dir, 'src/index.ts'), 'utf8').matchAll(/export (?:type )?\{([^}]*)\}/g)]
    .flatMap(([, names]) => names.split(','))
    .map((name) =>
      words(
        name
          .trim()
          .replace(/^type /, '')
          .replace(/^.* as /, ''),
      ),
    )
    .filter((name) => name !== '' && !ownShapes.test(name));

const faults = [];
function compare(family, aspect, read) {
  const [first, ...others] = family;
  for (const other of others) {
    const [a, b] = [first, other].map((pkg) => [...new Set(read(pkg))]);
    const onlyFirst = a.filter((each) => !b.includes(each));
    const onlyOther = b.filter((each) => !a.includes(each));
    if (onlyFirst.length > 0)
      faults.push(`${aspect} of ${first.folder}, but not of ${other.folder}: ${onlyFirst.join(', ')}`);
    if (onlyOther.length > 0)
      faults.push(`${aspect} of ${other.folder}, but not of ${first.folder}: ${onlyOther.join(', ')}`);
  }
}

const packages = publishedPackages();
const storages = packages.filter(({ folder }) => folder.startsWith('packages/storage-'));
const adapters = packages.filter(({ folder }) => frameworks.some((name) => folder === `packages/${name}`));
for (const family of [storages, adapters]) {
  compare(family, 'a source file', sourceFiles);
  compare(family, 'a README heading', headings);
}
compare(adapters, 'an export', exportNames);
finish(
  'twins',
  faults,
  'give the twin the same, or move what differs into data',
  `${storages.length} storages, ${adapters.length} adapters`,
);
