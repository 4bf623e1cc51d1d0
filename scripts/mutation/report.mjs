// What Stryker's last runs came to: numbers, survivors and the page. The reports are in .cache/mutation, one a package.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { filesUnder, readJson, root } from '../lib/workspace.mjs';
import { leftOutMutators, leftOutTests, packages, propertyRuns, threshold } from './declared.mjs';

const reportOf = (name) => join(root, '.cache/mutation', `${name}.json`);

/** Every mutant of a package or of a folder of it, with its file. */
function mutantsOf(name) {
  const [folder, ...inside] = name.split('/');
  const path = ['packages', folder, 'src', ...inside].join('/');
  if (!existsSync(reportOf(folder))) return [];
  return Object.entries(readJson(reportOf(folder)).files)
    .filter(([file]) => file === path || file.startsWith(`${path}/`))
    .flatMap(([file, { source, mutants }]) => mutants.map((mutant) => ({ file, source, ...mutant })));
}

const statuses = ['Killed', 'Timeout', 'Survived', 'NoCoverage'];

function countsOf(name, wanted = () => true) {
  const counts = Object.fromEntries([...statuses, 'Ignored', 'RuntimeError'].map((status) => [status, 0]));
  for (const { file, status } of mutantsOf(name)) if (wanted(file)) counts[status] = (counts[status] ?? 0) + 1;
  const total = statuses.reduce((sum, status) => sum + counts[status], 0);
  return { ...counts, total, score: total === 0 ? 100 : (100 * (counts.Killed + counts.Timeout)) / total };
}

export const score = (name) => countsOf(name).score;

export function summary(name) {
  const { total, Killed, Timeout, Survived, NoCoverage, Ignored, RuntimeError } = countsOf(name);
  const others = `${Ignored} ignored, ${RuntimeError} that could not run`;
  const fates = `${Killed} killed, ${Timeout} timed out, ${Survived} survived, ${NoCoverage} reached by no test`;
  return `${name}: ${score(name).toFixed(1)} % of ${total} mutants (${fates}; ${others})`;
}

/** Each mutant that no test noticed, as the lines it replaces and what it put there. */
export function survivors(name) {
  const missed = mutantsOf(name).filter(({ status }) => status === 'Survived' || status === 'NoCoverage');
  const told = missed.map(({ file, source, location: { start, end }, replacement, mutatorName, status }) => {
    const lines = source.split('\n').slice(start.line - 1, end.line);
    const first = lines[0].slice(0, start.column - 1);
    lines[0] = lines[0].slice(start.column - 1);
    const last = lines.length - 1;
    const cut = end.column - 1 - (last === 0 ? start.column - 1 : 0);
    const rest = lines[last].slice(cut);
    lines[last] = lines[last].slice(0, cut);
    const was = lines.map((line) => line.trim()).join(' ');
    return `${file}:${start.line}:${start.column} ${status} ${mutatorName}\n    ${first.trim()} «${was}» ${rest.trim()}\n    -> ${replacement}`;
  });
  return [...told, summary(name)].join('\n');
}

const row = (cells) => `| ${cells.join(' | ')} |`;
const numbers = ({ total, Killed, Timeout, Survived, NoCoverage, score: share }) => [
  total,
  Killed,
  Timeout,
  Survived,
  NoCoverage,
  `${share.toFixed(1)} %`,
];
const heads = ['mutants', 'killed', 'timed out', 'survived', 'reached by no test', 'score'];

/** Folders of a package's `src`; `.` for the files beside them. */
function foldersOf(name) {
  const files = Object.keys(readJson(reportOf(name)).files).map((file) => file.split('/src/')[1]);
  return [...new Set(files.map((file) => (file.includes('/') ? file.split('/')[0] : '.')))].sort();
}

function folderCounts(name, folder) {
  return countsOf(name, (file) => {
    const [first, ...rest] = file.split('/src/')[1].split('/');
    return folder === '.' ? rest.length === 0 : rest.length > 0 && first === folder;
  });
}

const logOf = (name) => join(root, '.cache/mutation', `${name}-seen.json`);
const seenBy = (name) => (existsSync(logOf(name)) ? readJson(logOf(name)) : {});
const sourcesUnder = (folder, path) =>
  filesUnder(join(folder, path), (file) => file.endsWith('.ts')).map((file) => [
    relative(folder, file).replaceAll('\\', '/'),
    createHash('sha256').update(readFileSync(file)).digest('base64url'),
  ]);

/** Notes which sources a run has seen, as they were then: files without a mutant are in no report. */
export function noteRun(name, tree, paths) {
  const files = paths.flatMap((path) =>
    path.endsWith('.ts')
      ? sourcesUnder(tree, dirname(path)).filter(([file]) => file === path)
      : sourcesUnder(tree, path),
  );
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync(logOf(name), JSON.stringify({ date, files: { ...seenBy(name).files, ...Object.fromEntries(files) } }));
}

/** Sources that no run has seen, or not as they are now. */
function unseen(name) {
  const { files = {} } = seenBy(name);
  return sourcesUnder(root, `packages/${name}/src`)
    .filter(([file, hash]) => files[file] !== hash)
    .map(([file]) => file);
}

const marked = (name) =>
  mutantsOf(name).filter(
    ({ status, statusReason = '' }) => status === 'Ignored' && !/excluded mutation/.test(statusReason),
  );

function markedLine() {
  const { length } = packages.flatMap(marked);
  return length === 0
    ? ''
    : `- ${length} mutants are marked in the source, with a reason: they change nothing that anyone could see.\n`;
}

function text() {
  const run = packages.filter((name) => existsSync(reportOf(name)));
  const rest = packages.filter((name) => !run.includes(name));
  const missing = run.flatMap(unseen);
  return `---
title: Mutation testing
order: 5
---

# Mutation testing

Coverage says which lines a test runs. It does not say whether a test would notice if a line were wrong. So we change the source,
one place at a time (\`<\` becomes \`<=\`, a condition becomes \`true\`, a call is dropped), and run the tests that reach that place.
A mutant is killed when a test fails. One that survives is a fault that nobody would notice.

The packages that decide who gets in have to notice ${threshold} % of their mutants. [Stryker](https://stryker-mutator.io) makes and runs them.

| package | ${heads.join(' | ')} | date |
| --- | ${heads.map(() => '---:').join(' | ')} | --- |
${run.map((name) => row([name, ...numbers(countsOf(name)), seenBy(name).date ?? ''])).join('\n')}

Score is killed and timed out, of all. A mutant times out when it loops or waits for ever; a user would notice. Where tests were added
after a run, the score is the lower bound of what they would come to.

## What was covered

${rest.length === 0 ? '' : `Not run yet: ${rest.join(', ')}.\n\n`}Every file of \`src\` of the packages in the table${missing.length === 0 ? ' as it was on that day.' : ' as it was on that day. Since then these are new or have changed:'}
${missing.map((file) => `\n- \`${file}\``).join('')}

By folder:

| folder | ${heads.join(' | ')} |
| --- | ${heads.map(() => '---:').join(' | ')} |
${run
  .flatMap((name) =>
    foldersOf(name).map((folder) =>
      row([folder === '.' ? name : `${name}/${folder}`, ...numbers(folderCounts(name, folder))]),
    ),
  )
  .join('\n')}

## What was not

- Only a package's own tests run against it. What another package, an example or an end-to-end test would notice does not count.
- Each property is tried ${propertyRuns} times with one fixed seed, not hundreds of times: the numbers are the same on every run.
- A mutant at which a test file does not even load counts as survived: Stryker counts failed tests only. The score is the lower for it.
${leftOutMutators.map(({ name, reason }) => `- The mutator \`${name}\` is off. ${reason}`).join('\n')}
${leftOutTests.map((each) => `- The test "${each.title}" of ${each.package} does not run: ${each.reason}.`).join('\n')}
${markedLine()}
## Run it

\`\`\`sh
npm run mutation                        # every package: hours, the first time
npm run mutation -- session core/guard  # a package, or a folder of it
npm run mutation -- --survivors jwt     # what no test noticed, from the last run
npm run mutation -- --update            # writes this page from the last runs
\`\`\`

What is known from the last run is kept in \`.cache/mutation\`; only what changed runs again. \`npm run check\` does not run it: it is too slow.
This page is generated.
`;
}

/** @throws {Error} where nothing has been run here */
export function writePage() {
  if (!packages.some((name) => existsSync(reportOf(name))))
    throw new Error('mutation: nothing was run here: npm run mutation');
  writeFileSync(join(root, 'docs/reference/mutation.md'), text());
}
