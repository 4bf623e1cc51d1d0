// Run in .cache/mutation/tree, a copy of the packages: Stryker writes its mutants over the sources it is given.
import { join } from 'node:path';
import { root } from '../lib/workspace.mjs';
import { leftOutMutators } from './declared.mjs';

const cache = join(root, '.cache/mutation');
const name = process.env.MUTATION_PACKAGE;

export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  // Not `related`: coverage says which tests reach a mutant, and asking vite each time is slow.
  vitest: { configFile: join(root, 'scripts/mutation/vitest.config.mjs'), related: false },
  coverageAnalysis: 'perTest',
  concurrency: 1,
  inPlace: true,
  tempDirName: join(cache, 'stryker'),
  mutator: { excludedMutations: leftOutMutators.map((each) => each.name) },
  incremental: true,
  incrementalFile: join(cache, `${name}.json`),
  reporters: ['dots', ...(process.env.MUTATION_EVENTS ? ['event-recorder'] : [])],
  eventReporter: { baseDir: process.env.MUTATION_EVENTS ?? '' },
  // A mutant's endless loop is found by counting; this is for one that waits, on a machine that may be busy.
  timeoutMS: 30_000,
  dryRunTimeoutMinutes: 20,
};
