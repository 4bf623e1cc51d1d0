// Keeps files readable in one go: framework adapters at most 150 lines a file, other source at most 350.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { finish } from './lib/fail.mjs';
import { filesUnder, frameworks, root, workspacePackages } from './lib/workspace.mjs';

const faults = [];
let count = 0;
for (const { folder, dir } of workspacePackages()) {
  const limit = frameworks.some((name) => folder === `packages/${name}`) ? 150 : 350;
  for (const file of filesUnder(join(dir, 'src'), (path) => path.endsWith('.ts'))) {
    count += 1;
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n').length;
    if (lines > limit) faults.push(`${relative(root, file)} has ${lines} lines; the limit is ${limit}`);
  }
}
finish('file-size', faults, 'which two things does the file do? Give each its own file', `${count} files`);
