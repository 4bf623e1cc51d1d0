/**
 * Portcullis storage on Cloudflare D1: the same tables as on SQLite, for Workers.
 *
 * @packageDocumentation
 */
export {
  type D1Database,
  type D1Statement,
  type D1Storage,
  type D1StorageOptions,
  createD1Storage,
} from './d1-storage.js';
export type { Drift } from './drift.js';
