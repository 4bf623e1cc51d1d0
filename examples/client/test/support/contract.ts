import { callingSuite } from './calling-suite.js';
import { errorsSuite } from './errors-suite.js';
import type { Harness } from './harness.js';
import { keysSuite } from './keys-suite.js';
import { postsSuite } from './posts-suite.js';
import { processSuite } from './process-suite.js';
import { readmeSuite } from './readme-suite.js';

/** Everything that an example promises. The last of it revokes keys, then restarts the example and stops it. */
export function contract(harness: Harness): void {
  callingSuite(harness);
  postsSuite(harness);
  keysSuite(harness);
  errorsSuite(harness);
  readmeSuite(harness);
  processSuite(harness);
}
