/**
 * The suites that every Portcullis adapter must pass.
 *
 * @packageDocumentation
 */
export { type ConformanceItem, type StorageSuiteScale, conformanceCollections } from './storage/storage-case.js';
export { type StorageSkip, type StorageSuiteOptions, storageSuite } from './storage/storage-suite.js';
export { type StorageTestId, storageTestIds } from './storage/storage-test-ids.js';
export {
  type FrameworkHandler,
  type FrameworkHandlerContext,
  type FrameworkKit,
  type FrameworkRoute,
  type FrameworkSpec,
  type MountedFramework,
  type MountFramework,
} from './framework/framework-spec.js';
export { type FrameworkSkip, type FrameworkSuiteOptions, frameworkSuite } from './framework/framework-suite.js';
export { type FrameworkTestId, frameworkTestIds } from './framework/framework-test-ids.js';
export type { SuitePost, SuitePrincipal, SuiteVocabulary } from './framework/suite-guard.js';
