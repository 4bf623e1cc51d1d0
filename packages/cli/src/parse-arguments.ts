import { parseArgs } from 'node:util';
import { closest, distance } from 'fastest-levenshtein';
import { type Command, type Given, globalOptions, type OptionSpecs } from './command.js';
import { UsageError } from './failures.js';

/** `; did you mean X?`, where something near was there. */
export function nearMiss(given: string, known: readonly string[]): string {
  const near = known.length === 0 ? '' : closest(given, known as string[]);
  return near !== '' && distance(given, near) <= Math.max(2, Math.floor(near.length / 3))
    ? `; did you mean ${near}?`
    : '.';
}

/** @throws UsageError for anything that the command does not know */
export function parseArguments(command: Command, args: readonly string[]): Given {
  const specs: OptionSpecs = { ...globalOptions, ...command.options };
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { value }]) => [
      name,
      { type: value === undefined ? 'boolean' : 'string' } as const,
    ]),
  );
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const name = token.name === 'h' ? 'help' : token.name;
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
    if (spec === undefined) {
      const near = nearMiss(
        token.rawName,
        Object.keys(specs).map((each) => `--${each}`),
      );
      throw new UsageError(`${command.name} has no option ${token.rawName}${near}`);
    }
    if (spec.value === undefined && token.value !== undefined)
      throw new UsageError(`--${name} is a switch and takes no value.`);
    // What begins with a dash is another option, unless it is tied on: --reason=-5.
    const taken = token.value !== undefined && (token.inlineValue === true || !token.value.startsWith('-'));
    if (spec.value !== undefined && (!taken || token.value === ''))
      throw new UsageError(`--${name} needs a value: --${name} ${spec.value}.`);
    const list = values.get(name) ?? [];
    if (list.length > 0 && spec.multiple !== true) throw new UsageError(`--${name} is there twice.`);
    values.set(name, [...list, token.value ?? '']);
  }
  const named = command.positionals ?? [];
  if (positionals.length > named.length)
    throw new UsageError(
      `${command.name} takes ${named.length === 0 ? 'no arguments' : named.join(' ')}; one too many was given.`,
    );
  const missing = named[positionals.length];
  if (missing !== undefined && !missing.startsWith('[') && !values.has('help'))
    throw new UsageError(`${command.name} needs ${missing}.`);
  return {
    text: (option) => values.get(option)?.[0],
    required(option) {
      const value = values.get(option)?.[0];
      if (value === undefined) throw new UsageError(`${command.name} needs --${option} ${specs[option]?.value ?? ''}.`);
      return value;
    },
    list: (option) => values.get(option) ?? [],
    flag: (option) => values.has(option),
    positionals,
  };
}
