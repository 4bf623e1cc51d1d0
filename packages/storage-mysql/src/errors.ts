import {
  CoreError,
  type ErrorTable,
  PortcullisError,
  StorageUnavailableError,
  isPortcullisError,
} from '@portcullis/core/storage';

/** Codes of errors that this storage throws beside core's. */
export type MysqlErrorCode = 'storage_not_migrated' | 'storage_drifted';

/** Every code of this package. */
export const mysqlErrors: ErrorTable<MysqlErrorCode> = {
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
export class MysqlStorageError extends PortcullisError<MysqlErrorCode> {
  constructor(
    code: MysqlErrorCode,
    message: string = mysqlErrors[code].summary,
    options?: { readonly cause?: unknown },
  ) {
    super(code, mysqlErrors[code], message, options);
  }
}

const missing: ReadonlySet<unknown> = new Set([
  'ER_NO_SUCH_TABLE',
  'ER_BAD_FIELD_ERROR',
  'ER_KEY_COLUMN_DOES_NOT_EXITS',
]);
const tooLarge: ReadonlySet<unknown> = new Set(['ER_NET_PACKET_TOO_LARGE', 'ER_DATA_TOO_LONG']);
// A deadlock, a lock that was not given up in time, and MariaDB's "record has changed since last read": the statement was undone as a whole.
const undone: ReadonlySet<unknown> = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_CHECKREAD']);

/** Whether a statement had no effect because another stood in its way, so that it may be sent again. */
export function isUndone(error: unknown): boolean {
  return undone.has(codeOf(error));
}

/**
 * What an error of a driver means to a caller. A missing table is the deployment's fault and a record past the server's own limit the
 * caller's; all else (refused, reset, read-only, out of connections) is an outage: never "not found".
 */
export function toStorageError(error: unknown): Error {
  if (isPortcullisError(error)) return error;
  const code = codeOf(error);
  const cause = withoutValues(code);
  if (missing.has(code)) return new MysqlStorageError('storage_not_migrated', undefined, { cause });
  if (tooLarge.has(code))
    return new CoreError('invalid_record', 'The record is larger than the server takes. See max_allowed_packet.', {
      cause,
    });
  return new StorageUnavailableError(undefined, { cause });
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

// A driver's error quotes the statement with its values; its code says what happened and nothing else.
function withoutValues(code: unknown): Error {
  const known = typeof code === 'string' && /^[A-Z0-9_]{1,80}$/.test(code) ? code : undefined;
  return Object.assign(
    new Error(`The server or its driver: ${known ?? 'no code'}`),
    known === undefined ? {} : { code: known },
  );
}
