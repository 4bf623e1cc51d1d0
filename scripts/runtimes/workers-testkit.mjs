// What tests use of the testkit inside workerd, where there are no files to read and no programs to start. The citations
// are checked wherever the same tests run on Node.
export { fakeClock } from '../../packages/testing/src/fake-clock.ts';

export const requirement = (...ids) => `(${ids.join(', ')})`;
