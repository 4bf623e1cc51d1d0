import {
  CoreError,
  type ErrorTable,
  PortcullisError,
  StorageUnavailableError,
  isPortcullisError,
} from '@portcullis/core/storage';

/** Codes of errors that this storage throws beside core's. */
export type SqliteErrorCode = 'storage_not_migrated' | 'storage_drifted';

/** Every code of this package. */
export const sqliteErrors: ErrorTable<SqliteErrorCode> = {
  storage_not_migrated: {
    status: 500,
    retryable: false,
    summary: 'A table or column is missing. Call migrate() before the first use, or apply what migrations() prints.',
  },
  storage_drifted: {
    status: 500,
    retryable: false,
    summary: 'A table differs from what this storage made, in a way that migrate() does not mend. See drift().',
  },
};

/** An error of this storage that is the deployment's to mend. */
export class SqliteStorageError extends PortcullisError<SqliteErrorCode> {
  constructor(
    code: SqliteErrorCode,
    message: string = sqliteErrors[code].summary,
    options?: { readonly cause?: unknown },
  ) {
    super(code, sqliteErrors[code], message, options);
  }
}

/**
 * What an error of a driver means to a caller. A missing table is the deployment's fault and a record past SQLite's own limit the caller's;
 * all else (busy, locked, full, read-only, corrupt, closed) is an outage: never "not found".
 */
export function toStorageError(error: unknown): Error {
  if (isPortcullisError(error)) return error;
  const message = error instanceof Error ? error.message : '';
  if (/no such (?:table|column|index)/i.test(message))
    return new SqliteStorageError('storage_not_migrated', undefined, { cause: error });
  if (/string or blob too big/i.test(message))
    return new CoreError('invalid_record', 'The record is larger than SQLite can hold.', { cause: error });
  return new StorageUnavailableError(undefined, { cause: error });
}
