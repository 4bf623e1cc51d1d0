import {
  CoreError,
  type ErrorTable,
  PortcullisError,
  StorageUnavailableError,
  isPortcullisError,
} from '@portcullis/core/storage';

/** Codes of errors that this storage throws beside core's. */
export type PostgresErrorCode = 'storage_not_migrated' | 'storage_drifted';

/** Every code of this package. */
export const postgresErrors: ErrorTable<PostgresErrorCode> = {
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
export class PostgresStorageError extends PortcullisError<PostgresErrorCode> {
  constructor(
    code: PostgresErrorCode,
    message: string = postgresErrors[code].summary,
    options?: { readonly cause?: unknown },
  ) {
    super(code, postgresErrors[code], message, options);
  }
}

// undefined_table, undefined_column, invalid_schema_name
const missing: ReadonlySet<unknown> = new Set(['42P01', '42703', '3F000']);
// invalid_sql_statement_name, duplicate_prepared_statement
const unprepared: ReadonlySet<unknown> = new Set(['26000', '42P05']);
// serialization_failure, deadlock_detected: the statement was undone as a whole.
const undone: ReadonlySet<unknown> = new Set(['40001', '40P01']);

/** Whether a statement had no effect because another stood in its way, so that it may be sent again. */
export function isUndone(error: unknown): boolean {
  return undone.has(codeOf(error));
}

/**
 * What an error of a driver means to a caller. A missing table is the deployment's fault and a record past PostgreSQL's own limit the
 * caller's; all else (refused, reset, read-only, out of connections) is an outage: never "not found".
 */
export function toStorageError(error: unknown): Error {
  if (isPortcullisError(error)) return error;
  const code = codeOf(error);
  const cause = withoutValues(code);
  if (missing.has(code)) return new PostgresStorageError('storage_not_migrated', undefined, { cause });
  // program_limit_exceeded
  if (code === '54000')
    return new CoreError('invalid_record', 'The record is larger than PostgreSQL can hold.', { cause });
  if (unprepared.has(code)) {
    return new StorageUnavailableError(
      'A prepared statement was lost. Behind a pooler in transaction mode, set preparedStatements to false.',
      { cause },
    );
  }
  return new StorageUnavailableError(undefined, { cause });
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

// A driver's message and detail quote keys, statements and passwords of URLs; its code says what happened and nothing else.
function withoutValues(code: unknown): Error {
  const known = typeof code === 'string' && /^[A-Z0-9_]{1,40}$/.test(code) ? code : undefined;
  return Object.assign(
    new Error(`PostgreSQL or its driver: ${known ?? 'no code'}`),
    known === undefined ? {} : { code: known },
  );
}
