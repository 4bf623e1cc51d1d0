// Which tests cite which requirement: `requirement('C1')` in a test's title, with ids as plain strings.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { filesUnder, root, workspacePackages } from './workspace.mjs';

/** @returns {{ file: string, call: string, ids: string[] }[]} */
export function citations() {
  // Conformance suites are tests too, though they live in src. The testkit's own tests cite nothing.
  const folders = workspacePackages().flatMap(({ dir, folder }) =>
    folder === 'packages/testkit'
      ? []
      : [join(dir, 'test'), ...(folder === 'packages/conformance' ? [join(dir, 'src')] : [])],
  );
  return folders
    .flatMap((folder) => filesUnder(folder, (path) => path.endsWith('.ts')))
    .flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/(?<!function )\brequirement\(([^)]*)\)/g)].map(([call, list]) => ({
        file: relative(root, file).replaceAll('\\', '/'),
        call,
        ids: [...list.matchAll(/(['"])([A-Z]+\d+)\1/g)].map(([, , id]) => id),
      })),
    );
}
