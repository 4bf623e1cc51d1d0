// The public API of every entry, as a report that is committed in the package's etc/ folder. It fails when a report
// differs from the built declarations; `npm run api:update` writes them, and the reviewer sees what users will see.
// It also fails where a signature needs a type that no entry of the package exports: users could not name it.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CompilerState, Extractor, ExtractorConfig } from '@microsoft/api-extractor';
import { finish } from './lib/fail.mjs';
import { publishedPackages, readJson, root } from './lib/workspace.mjs';

const update = process.argv.includes('--update');
const faults = [];

// The extractor must see what a user's compiler sees: declarations, and no source condition.
const { customConditions: _source, ...compilerOptions } = readJson(join(root, 'tsconfig.base.json')).compilerOptions;
const temporary = join(root, '.cache/api');

function prepare({ dir, entries }) {
  mkdirSync(join(dir, 'etc'), { recursive: true });
  return entries.map(({ name, source }) => {
    const report = `${[dir.split(/[\\/]/).at(-1), ...name.split('/').slice(1)].join('.')}.api.md`;
    const config = ExtractorConfig.prepare({
      configObjectFullPath: undefined,
      packageJsonFullPath: join(dir, 'package.json'),
      configObject: {
        projectFolder: dir,
        mainEntryPointFilePath: join(dir, source.replace('./src/', 'dist/').replace(/\.ts$/, '.d.ts')),
        compiler: {
          overrideTsconfig: { compilerOptions: { ...compilerOptions, types: ['node'] }, include: [join(dir, 'dist')] },
        },
        apiReport: {
          enabled: true,
          reportFileName: report,
          reportFolder: join(dir, 'etc'),
          reportTempFolder: temporary,
        },
        docModel: { enabled: false },
        dtsRollup: { enabled: false },
        tsdocMetadata: { enabled: false },
        newlineKind: 'lf',
        messages: {
          compilerMessageReporting: { default: { logLevel: 'error' } },
          extractorMessageReporting: {
            default: { logLevel: 'none' },
            // A type that a signature needs and this entry does not export: another of the package may.
            'ae-forgotten-export': { logLevel: 'warning', addToApiReportFile: false },
          },
          tsdocMessageReporting: { default: { logLevel: 'none' } },
        },
      },
    });
    return { config, report, path: join(dir, 'etc', report) };
  });
}

/** What the reports of a package say that its entries export, by the names that the declarations have inside. */
function exportedNames(reports) {
  const names = new Set();
  for (const { report } of reports) {
    const text = readFileSync(join(temporary, report), 'utf8');
    for (const [, name] of text.matchAll(/^export (?:declare |abstract )*(?:\w+) (\w+)/gm)) names.add(name);
    for (const [, list] of text.matchAll(/^export \{ (.+?) \}/gm)) names.add(list.split(' as ')[0]);
  }
  return names;
}

const packages = publishedPackages();
for (const pkg of packages) {
  if (!existsSync(join(pkg.dir, 'dist/index.d.ts'))) {
    faults.push(`${pkg.name} is not built`);
    continue;
  }
  const reports = prepare(pkg);
  const [first, ...others] = reports;
  // One program for all entries of a package: the compiler is what takes the time.
  const compilerState = CompilerState.create(first.config, {
    additionalEntryPoints: others.map(({ config }) => config.mainEntryPointFilePath),
  });
  const forgotten = [];
  for (const { config, path } of reports) {
    const messages = [];
    const result = Extractor.invoke(config, {
      compilerState,
      localBuild: update,
      messageCallback: (message) => {
        message.handled = true;
        if (message.logLevel === 'error') messages.push(message.text);
        if (message.messageId === 'ae-forgotten-export') forgotten.push(/"(\w+)"/.exec(message.text)[1]);
      },
    });
    const shown = path.slice(root.length);
    for (const text of messages) faults.push(`${shown}: ${text}`);
    if (result.apiReportChanged && !update) faults.push(`${shown} differs from the built declarations`);
    else if (update && result.apiReportChanged) console.log(`api: wrote ${shown}`);
  }
  const named = exportedNames(reports);
  for (const name of new Set(forgotten))
    if (!named.has(name))
      faults.push(`${pkg.name}: a signature needs ${name}, which no entry exports: export it, or write it out`);
  const known = new Set(reports.map(({ report }) => report));
  for (const file of readdirSync(join(pkg.dir, 'etc')).filter((each) => each.endsWith('.api.md') && !known.has(each))) {
    if (update) rmSync(join(pkg.dir, 'etc', file));
    else faults.push(`${pkg.folder}/etc/${file} is of no entry`);
  }
}
finish('api', faults, '`npm run build && npm run api:update`, then read the difference', `${packages.length} packages`);
