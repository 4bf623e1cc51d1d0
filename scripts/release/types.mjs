// How a user's compiler may be set up: each way checks every entry and the two programs, libraries' declarations included.
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';

const strict = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noEmit: true,
  skipLibCheck: false,
  target: 'es2022',
  types: ['node'],
};

/** `typescript` is the name that the compiler is installed by. CommonJS may require ES modules where Node is what runs. */
export const typeModes = [
  { name: 'nodenext', typescript: 'typescript', options: { module: 'nodenext' }, commonJs: true },
  { name: 'node20', typescript: 'typescript', options: { module: 'node20' }, commonJs: true },
  { name: 'bundler', typescript: 'typescript', options: { module: 'esnext', moduleResolution: 'bundler' } },
];

/** Writes what a mode's compiler reads, and gives the command. */
export function prepareTypes(project, { name, typescript, options, commonJs = false }, entries) {
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
