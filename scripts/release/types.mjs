// How a user's compiler may be set up: each way checks every entry and the two programs, libraries' declarations included.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, root } from '../lib/workspace.mjs';

const strict = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noEmit: true,
  skipLibCheck: false,
  target: 'es2022',
  types: ['node'],
};

/** Compilers by the name that they are installed under: the one that the workspace has, the oldest supported, the newest. */
export const compilers = {
  typescript: readJson(join(root, 'node_modules/typescript/package.json')).version,
  'typescript-oldest': 'npm:typescript@5.7.3',
  'typescript-newest': 'npm:typescript@7.0.2',
};

/** `commonJs`: with a program that requires the packages, which compilers let pass from 5.8 on. */
export const typeModes = [
  { name: 'nodenext', options: { module: 'nodenext' }, commonJs: true },
  { name: 'node20', options: { module: 'node20' }, commonJs: true },
  { name: 'bundler', options: { module: 'esnext', moduleResolution: 'bundler' } },
  { name: 'oldest', typescript: 'typescript-oldest', options: { module: 'nodenext' } },
  { name: 'newest', typescript: 'typescript-newest', options: { module: 'nodenext' }, commonJs: true },
];

/** Writes what a mode's compiler reads, and gives the command. */
export function prepareTypes(project, { name, typescript = 'typescript', options, commonJs = false }, entries) {
  const imports = entries.map((entry, at) => `import * as entry${at} from '${entry}';\n`);
  const all = `export const all = [${entries.map((_, at) => `entry${at}`).join(', ')}];\n`;
  writeFileSync(join(project, 'entries.ts'), `${imports.join('')}${all}`);
  const files = ['entries.ts', 'program.ts', ...(commonJs ? ['program.cts'] : [])];
  writeFileSync(
    join(project, `tsconfig.${name}.json`),
    JSON.stringify({ compilerOptions: { ...strict, ...options }, files }),
  );
  return ['node', `node_modules/${typescript}/bin/tsc`, '-p', `tsconfig.${name}.json`];
}
