import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Tests run on source: the condition picks ./src in every workspace package's exports map.
// PORTCULLIS_BUILT=1 runs them on the build instead, as a user's project would.
const source = process.env['PORTCULLIS_BUILT'] ? [] : ['@portcullis/source'];
// Not 'import': workers get these too, and would then load ES modules where CommonJS packages call require().
const conditions = [...source, 'node'];

const folders = ['packages', 'examples'].flatMap((parent) =>
  existsSync(parent) ? readdirSync(parent).map((name) => join(parent, name)) : [],
);

export default defineConfig({
  test: {
    // The longest tests wait for servers, browsers and other processes: more of them at once than there are cores.
    maxWorkers: availableParallelism() + 1,
    projects: [...folders, 'docs']
      .filter((folder) => existsSync(join(folder, 'test')))
      .map((root) => ({
        resolve: { conditions },
        ssr: { resolve: { conditions, externalConditions: source } },
        test: {
          name: root.replaceAll('\\', '/').replace('packages/', ''),
          root,
          include: ['test/**/*.test.ts'],
          // Tests of the built site, which `npm run check site` runs.
          exclude: ['**/node_modules/**', 'test/built/**'],
          // No test is about how long this machine takes: one that hangs is ended all the same.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      })),
    coverage: { provider: 'v8', include: ['packages/*/src/**/*.ts'], reporter: ['text-summary', 'html'] },
  },
});
