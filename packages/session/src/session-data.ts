import { isPromise } from '@portcullis/core';
import { SessionError } from './errors.js';

/** The part of Standard Schema (version 1) that is used: zod, valibot, arktype and others have it. */
export interface DataSchema<D> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<D> | PromiseLike<SchemaResult<D>>;
    readonly types?: { readonly input: unknown; readonly output: D } | undefined;
  };
}

export type SchemaResult<D> =
  | { readonly value: D; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly message: string;
        readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
      }[];
    };

/**
 * Checks session data before it is written.
 *
 * @throws {SessionError} `session_data_invalid`, naming the path and never the value. Asynchronous schemas are refused.
 */
export function checkData<D>(schema: DataSchema<D> | undefined, data: unknown): D {
  if (schema === undefined) {
    if (data === undefined || isPromise(data))
      throw new SessionError('session_data_invalid', 'Session data: return the new data, and not a promise of it.');
    return data as D;
  }
  const result = schema['~standard'].validate(data);
  if ('then' in result)
    throw new SessionError(
      'session_data_invalid',
      'schema: it validates asynchronously; session data takes a synchronous one.',
    );
  if (result.issues === undefined) return result.value;
  const paths = result.issues.map(
    ({ path = [] }) => path.map((step) => String(typeof step === 'object' ? step.key : step)).join('.') || '(root)',
  );
  throw new SessionError('session_data_invalid', `Session data does not fit the schema at ${paths.join(', ')}.`);
}
