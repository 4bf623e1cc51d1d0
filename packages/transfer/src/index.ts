/**
 * Moves what a storage holds into another, as JSON lines: resumable, and checked by count and digest.
 *
 * @packageDocumentation
 */
export { TransferError, type TransferErrorCode, transferErrors } from './errors.js';
export {
  type ExportOptions,
  exportRecords,
  type ExportTotals,
  type PartialExport,
  readExport,
  type TransferProgress,
} from './export-records.js';
export { type ImportedCollection, type ImportOptions, importRecords, type ImportReport } from './import-records.js';
export type { Tally, Total } from './tally.js';
export type { TransferHeader, TransferMark } from './transfer-line.js';
