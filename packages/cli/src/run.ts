import { cached, isPortcullisError, type Storage } from '@portcullis/core';
import { type Command, type CommandContext, type Given, type Sink, type Surroundings } from './command.js';
import { commands } from './commands/index.js';
import type { PortcullisConfig } from './config.js';
import { CommandError, UsageError } from './failures.js';
import { commandHelp, overview } from './help.js';
import { knownCollections } from './known-collections.js';
import { findConfig, loadConfig } from './load-config.js';
import { openConfigured, openUrl } from './open-storage.js';
import type { OpenedStorage } from './opened-storage.js';
import { nearMiss, parseArguments } from './parse-arguments.js';
import { createProgress } from './progress.js';
import { printable } from './text.js';
import { version } from './version.js';

const write = (sink: Sink, text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    sink.write(text, (error) => (error ? reject(error) : resolve()));
  });

/** Runs one command line. The exit code: 0 done, 1 failed or a difference was found, 2 called wrongly. */
export async function run(args: readonly string[], around: Surroundings): Promise<number> {
  try {
    return await dispatch(args, around);
  } catch (error) {
    await write(around.stderr, describe(error, args.includes('--json')));
    return error instanceof UsageError ? 2 : 1;
  }
}

function describe(error: unknown, json: boolean): string {
  const { message } = error instanceof Error ? error : new Error(String(error));
  const code =
    error instanceof UsageError
      ? 'usage'
      : isPortcullisError(error) || error instanceof CommandError
        ? error.code
        : 'error';
  if (json) return `${JSON.stringify({ error: { code, message } })}\n`;
  const { cause } = error as { readonly cause?: unknown };
  // An adapter's own cause holds a code and no values.
  const why =
    isPortcullisError(error) && cause instanceof Error && !isPortcullisError(cause) ? ` (${cause.message})` : '';
  return `portcullis: ${printable(message + why)}${code === 'error' || code === 'usage' ? '' : ` [${code}]`}\n`;
}

async function dispatch(args: readonly string[], around: Surroundings): Promise<number> {
  const [first = '--help', second = ''] = args;
  if (first === '--help' || first === '-h' || first === 'help') return tell(around, overview(commands));
  if (first === '--version') return tell(around, `${version}\n`);
  if (first.startsWith('-'))
    throw new UsageError('The command comes first: portcullis <command> [options]. See portcullis --help.');
  const names = commands.map(({ name }) => name);
  const two = commands.find(({ name }) => name === `${first} ${second}`);
  const command = two ?? commands.find(({ name }) => name === first);
  if (command === undefined) {
    const group = commands.filter(({ name }) => name.startsWith(`${first} `));
    if (group.length > 0 && (second === '' || second === '--help' || second === '-h')) {
      await tell(around, overview(group), second === '' ? around.stderr : around.stdout);
      return second === '' ? 2 : 0;
    }
    const asked =
      group.length > 0 || second === '' || second.startsWith('-') ? [first, second].join(' ').trim() : first;
    const near = nearMiss(asked.replace(/ -.*/, ''), [
      ...names,
      ...new Set(names.map((name) => name.split(' ')[0] ?? '')),
    ]);
    throw new UsageError(`There is no command ${asked.replace(/ -.*/, '')}${near} See portcullis --help.`);
  }
  const given = parseArguments(command, args.slice(two === undefined ? 1 : 2));
  if (given.flag('help')) return tell(around, commandHelp(command));
  return execute(command, given, around);
}

async function tell({ stdout }: Surroundings, text: string, sink: Sink = stdout): Promise<number> {
  await write(sink, text);
  return 0;
}

async function execute(command: Command, given: Given, around: Surroundings): Promise<number> {
  const json = given.flag('json');
  const progress = createProgress(around, given.flag('progress'));
  let loaded: Promise<PortcullisConfig> | undefined;
  let opened: Promise<OpenedStorage> | undefined;

  const config = (): Promise<PortcullisConfig> => {
    const file = findConfig(around.cwd, given.text('config'));
    loaded ??= file === undefined ? Promise.resolve({}) : loadConfig(file);
    return loaded;
  };
  const open = async ({ create = false } = {}): Promise<OpenedStorage> => {
    const { prefix, schema, ...configured } = await config();
    const url =
      given.text('storage') ??
      around.env['PORTCULLIS_STORAGE'] ??
      (typeof configured.storage === 'string' ? configured.storage : undefined);
    const place = {
      cwd: around.cwd,
      create,
      prefix: given.text('prefix') ?? prefix,
      schema: given.text('schema') ?? schema,
    };
    if (url !== undefined) return openUrl(url, place);
    if (configured.storage === undefined)
      throw new UsageError(
        'No storage is named. Give --storage URL, set PORTCULLIS_STORAGE, or write a portcullis.config.js.',
      );
    if (given.text('prefix') !== undefined || given.text('schema') !== undefined)
      throw new UsageError("--prefix and --schema are for a storage URL; the configuration's storage has its own.");
    return openConfigured(configured);
  };
  const context: CommandContext = {
    ...around,
    given,
    json,
    config,
    open: (options) => (opened ??= open(options)),
    async openShared(): Promise<Storage> {
      const { storage } = await context.open();
      // For what it publishes: processes that cache this storage forget at once what is revoked here.
      return storage.bus === undefined ? storage : cached(storage, { ttl: 1, max: 2 });
    },
    collections: async () => (await config()).collections ?? knownCollections,
    async print(text, data) {
      progress.clear();
      await write(around.stdout, json ? `${JSON.stringify(data, null, 2)}\n` : text);
    },
    async note(text) {
      progress.clear();
      await write(around.stderr, text);
    },
    progress: progress.show,
  };
  try {
    return await command.run(context);
  } finally {
    progress.clear();
    const storage = await opened?.catch(() => undefined);
    await storage?.close();
  }
}
