/**
 * What an application's own tests need: callers on demand, a matrix of who is denied where, a clock that stands still.
 *
 * @packageDocumentation
 */
export {
  type DenialMatrix,
  denialMatrix,
  type DenialMatrixOptions,
  type MatrixAnswer,
  type MatrixCaller,
  type MatrixRow,
  type MatrixSend,
} from './denial-matrix.js';
export { type FakeClock, fakeClock } from './fake-clock.js';
export {
  createTestPrincipals,
  type TestCaller,
  type TestFacts,
  type TestPrincipals,
  type TestPrincipalsOptions,
} from './test-principals.js';
