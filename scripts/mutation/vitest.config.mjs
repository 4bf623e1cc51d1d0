import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { leftOutTests, propertyRuns } from './declared.mjs';
import { warmPool } from './warm-pool.mjs';

const name = process.env.MUTATION_PACKAGE;
const conditions = ['@portcullis/source', 'node'];
const titles = leftOutTests.filter((each) => each.package === name).map((each) => each.title);

/** Fewer tries of each property, and no test that is left out. */
const quicker = {
  name: 'quicker',
  enforce: 'pre',
  transform(code, id) {
    if (!id.endsWith('.test.ts')) return undefined;
    const fewer = code.replace(/numRuns: (\d+)/g, (_, runs) => `numRuns: ${Math.min(runs, propertyRuns)}`);
    return titles.reduce((text, title) => text.replace(`it('${title}`, `it.skip('${title}`), fewer);
  },
};

export default defineConfig({
  root: `packages/${name}`,
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['@portcullis/source'] } },
  test: {
    name,
    include: ['test/**/*.test.ts'],
    setupFiles: [fileURLToPath(new URL('same-examples.mjs', import.meta.url))],
    // The slowest of these tests takes about a second. A mutant that waits for ever takes this long for each.
    testTimeout: 6_000,
  },
  plugins: [
    quicker,
    {
      name: 'warm-pool',
      // Here, since Stryker says `pool: 'threads'` over whatever this file says.
      configureVitest({ project }) {
        project.config.pool = warmPool.name;
        project.config.poolRunner = warmPool;
      },
    },
  ],
});
