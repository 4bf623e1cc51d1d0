// Runs a tool of the workspace by its bin name, without a shell or npx: node scripts/lib/bin.mjs tsc -b
import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { root } from './workspace.mjs';

const [name, ...args] = process.argv.slice(2);
const PATH = `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH}`;
const { status, error } = spawnSync(name, args, {
  stdio: 'inherit',
  env: { ...process.env, PATH },
  shell: process.platform === 'win32',
});
if (error) console.error(`${name}: ${error.message}. Is the workspace installed? npm run setup`);
process.exit(status ?? 1);
