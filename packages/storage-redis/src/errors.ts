import { type ErrorTable, PortcullisError, StorageUnavailableError, isPortcullisError } from '@portcullis/core/storage';

/** Codes of errors that this storage throws beside core's. */
export type RedisErrorCode = 'storage_not_migrated' | 'storage_drifted';

/** Every code of this package. */
export const redisErrors: ErrorTable<RedisErrorCode> = {
  storage_not_migrated: {
    status: 500,
    retryable: false,
    summary: 'An index was not built, so records could be missing from it. Call migrate() before the first use.',
  },
  storage_drifted: {
    status: 500,
    retryable: false,
    summary: 'The server refuses what this storage needs, or a key holds what it did not write. See drift().',
  },
};

/** An error of this storage that is the deployment's to mend. */
export class RedisStorageError extends PortcullisError<RedisErrorCode> {
  constructor(
    code: RedisErrorCode,
    message: string = redisErrors[code].summary,
    options?: { readonly cause?: unknown },
  ) {
    super(code, redisErrors[code], message, options);
  }
}

/** Whether a script has to be sent whole, because this server has forgotten it or never had it. It was not run. */
export function isUnknownScript(error: unknown): boolean {
  return messageOf(error).startsWith('NOSCRIPT');
}

/**
 * What an error of a client means to a caller. A command that the server's access rules forbid and a key of another type are the
 * deployment's fault; all else (refused, reset, loading, read-only, out of memory, cluster down) is an outage: never "not found".
 */
export function toStorageError(error: unknown): Error {
  if (isPortcullisError(error)) return error;
  const cause = withoutValues(error);
  const message = messageOf(error);
  if (message.startsWith('NOPERM') || message.startsWith('ERR unknown command')) {
    return new RedisStorageError('storage_drifted', 'The server forbids or lacks a command that this storage needs.', {
      cause,
    });
  }
  if (message.startsWith('WRONGTYPE'))
    return new RedisStorageError('storage_drifted', 'A key of this storage holds another type.', { cause });
  return new StorageUnavailableError(undefined, { cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : '';
}

// A client's message, and the command that ioredis hangs on its errors, quote keys and records. The code says what happened and no more.
function withoutValues(error: unknown): Error {
  const code =
    /^[A-Z]{2,40}(?= )/.exec(messageOf(error))?.[0] ??
    (typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined);
  const known = typeof code === 'string' && /^[A-Z0-9_]{1,40}$/.test(code) ? code : undefined;
  return Object.assign(
    new Error(`Redis or its client: ${known ?? 'no code'}`),
    known === undefined ? {} : { code: known },
  );
}
