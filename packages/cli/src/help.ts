import { type Command, globalOptions, type OptionSpecs } from './command.js';
import { table } from './text.js';

const exitCodes = 'Exit codes: 0 done, 1 failed or a difference was found, 2 called wrongly.\n';

function optionRows(specs: OptionSpecs): string {
  const rows = Object.entries(specs).map(([name, { value, help, multiple }]) => [
    `  --${name}${value === undefined ? '' : ` ${value}`}`,
    multiple === true ? `${help} (may be repeated)` : help,
  ]);
  return table(rows);
}

/** What `portcullis --help` says. */
export function overview(commands: readonly Command[]): string {
  return `Usage: portcullis <command> [options]

${table(commands.map(({ name, summary }) => [`  ${name}`, summary]))}
Options of every command:
${optionRows(globalOptions)}
The storage comes from --storage, else from PORTCULLIS_STORAGE (so that no password stands in the list of processes),
else from the configuration. portcullis <command> --help says more.
${exitCodes}`;
}

/** What `portcullis <command> --help` says. */
export function commandHelp({ name, summary, positionals = [], options, details }: Command): string {
  const own = Object.keys(options).length === 0 ? '' : `\n${optionRows(options)}`;
  return `Usage: portcullis ${[name, ...positionals].join(' ')} [options]

${summary}
${details === undefined ? '' : `\n${details}\n`}${own}
Options of every command:
${optionRows(globalOptions)}
${exitCodes}`;
}
