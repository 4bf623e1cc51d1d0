/**
 * The storage contract, its memory implementation, what is built over any storage, and what an adapter is built from.
 *
 * @packageDocumentation
 */
export type {
  Bus,
  BusListener,
  CallOptions,
  Collection,
  CollectionDefinition,
  ConsumeOptions,
  Consumption,
  CounterRule,
  Counters,
  FixedWindow,
  Gcra,
  ListQuery,
  Page,
  ScanQuery,
  Storage,
  StorageCapabilities,
  Stored,
  StoredRecord,
  StringField,
  Touch,
  Version,
} from './storage.js';

// For applications and feature packages.
export { type CachedOptions, cached } from './cached-storage.js';
export { type Lease, type LeaseOptions, type LeaseRecord, leaseCollection, withLease } from './lease.js';
export { type MemoryStorage, type MemoryStorageOptions, createMemoryStorage } from './memory-storage.js';
export { type ModifyOptions, modify } from './modify.js';
export { type SweepOptions, sweepExpired } from './sweep-expired.js';

// For adapters: this entry is all they import.
export { CoreError, StorageUnavailableError, invalidOption } from '../errors/core-errors.js';
export { type ErrorEntry, type ErrorTable, PortcullisError, isPortcullisError } from '../errors/portcullis-error.js';
export type { Clock, Environment, Random } from '../runtime/environment.js';
export { type MaybePromise, andThen, isPromise, settle } from '../runtime/maybe-promise.js';
export { type CollectionRegistry, createCollectionRegistry } from './collection-registry.js';
export { type Deadlines, createDeadlines } from './deadlines.js';
export { createMemoryBus } from './memory-bus.js';
export { recordData, unpackRecord } from './packed-record.js';
export {
  type CounterRequest,
  type CounterState,
  type CounterStep,
  checkCounterKey,
  consumeCounter,
  counterExpiry,
  never,
  parseConsume,
} from './counter-rules.js';
export { type RecordKey, compareRecords, compareText, decodeCursor, encodeCursor } from './record-order.js';
export { freezeDeep } from './record-data.js';
export {
  type CollectionShape,
  type RecordRules,
  checkBatch,
  checkLimit,
  checkTouches,
  createRecordRules,
  indexValue,
  invalidRecord,
  isStorageKey,
  isTime,
  maxKeyBytes,
  maxPageSize,
  sweepAt,
  sweepWidthMs,
} from './record-rules.js';
export { assertNotAborted, withDeadline } from './storage-call.js';
export { createVersion } from './version.js';
