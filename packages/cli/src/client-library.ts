import { createRequire } from 'node:module';
import { join } from 'node:path';
import { CommandError } from './failures.js';

/** A module of the user's project, by the first of these names that is installed there. */
export function loadClient(cwd: string, names: readonly string[]): { readonly name: string; readonly module: unknown } {
  const require = createRequire(join(cwd, 'portcullis.config.js'));
  for (const name of names) {
    let path: string;
    try {
      path = require.resolve(name);
    } catch {
      continue;
    }
    try {
      return { name, module: require(path) as unknown };
    } catch (error) {
      throw new CommandError('client_failed', `${name} is installed and does not load: ${(error as Error).message}`);
    }
  }
  const packages = names.map((name) => name.split('/')[0]);
  throw new CommandError(
    'client_missing',
    `This storage needs ${packages.join(' or ')} in your project. Install it: npm install ${packages[0]}`,
  );
}
