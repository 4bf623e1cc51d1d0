import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { PortcullisConfig } from './config.js';
import { CommandError, UsageError } from './failures.js';
import { nearMiss } from './parse-arguments.js';

const fileNames = ['js', 'mjs', 'ts', 'mts'].map((extension) => `portcullis.config.${extension}`);
const fields = [
  'storage',
  'prefix',
  'schema',
  'apiKeys',
  'sessions',
  'collections',
  'trustProxy',
  'databaseClock',
  'close',
];

/** The configuration's file; `undefined` where there is none. */
export function findConfig(cwd: string, asked: string | undefined): string | undefined {
  if (asked !== undefined) {
    const file = resolve(cwd, asked);
    if (!existsSync(file)) throw new UsageError(`--config: there is no file ${asked}.`);
    return file;
  }
  return fileNames.map((name) => resolve(cwd, name)).find((file) => existsSync(file));
}

/** Loads a configuration, whose code runs with this process's rights. */
export async function loadConfig(file: string): Promise<PortcullisConfig> {
  let module: { readonly default?: unknown };
  try {
    module = (await import(pathToFileURL(file).href)) as { readonly default?: unknown };
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'ERR_UNKNOWN_FILE_EXTENSION')
      throw new CommandError(
        'config_failed',
        `This Node.js cannot load ${file}. Use Node 22.18 or later, run with NODE_OPTIONS="--import tsx", or write the configuration in JavaScript.`,
      );
    throw new CommandError(
      'config_failed',
      `${file} failed: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const config = module.default;
  if (typeof config !== 'object' || config === null)
    throw new CommandError(
      'config_failed',
      `${file} has no default export. Write: export default { storage: 'sqlite:./auth.db' }`,
    );
  const unknown = Object.keys(config).find((name) => !fields.includes(name));
  if (unknown !== undefined)
    throw new CommandError('config_failed', `${file}: there is no field ${unknown}${nearMiss(unknown, fields)}`);
  return config;
}
