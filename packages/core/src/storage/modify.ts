import { CoreError, invalidOption } from '../errors/core-errors.js';
import { type MaybePromise, andThen } from '../runtime/maybe-promise.js';
import { invalidRecord } from './record-rules.js';
import type { CallOptions, Collection, Stored, StoredRecord } from './storage.js';

/** How long `modify` keeps trying. */
export interface ModifyOptions extends CallOptions {
  /** Writes that may lose to another before it gives up. 1 to 1000, default 50. */
  readonly attempts?: number;
}

/**
 * Reads a record, lets `change` say what it should be, and writes that only if nobody wrote in between: else it reads and asks again.
 *
 * `change` gets `undefined` for an absent record and may then create one. It answers `undefined` to leave everything as it is. It may be called
 * several times, so it must have no effect of its own. The read goes past every cache.
 *
 * @returns the record as it stands afterwards; `undefined` when it was absent and was left so
 * @throws CoreError `storage_conflict` when every attempt lost, `invalid_record` when `change` answers a record with another id
 */
export function modify<T extends StoredRecord>(
  collection: Collection<T>,
  id: string,
  change: (current: T | undefined) => MaybePromise<T | undefined>,
  options: ModifyOptions = {},
): MaybePromise<Stored<T> | undefined> {
  const { attempts = 50, ...call } = options;
  if (!Number.isSafeInteger(attempts) || attempts < 1 || attempts > 1000)
    throw invalidOption('attempts', 'give a whole number from 1 to 1000.');

  const attempt = (left: number): MaybePromise<Stored<T> | undefined> =>
    andThen(collection.get(id, { ...call, fresh: true }), (current) =>
      andThen(change(current?.record), (next): MaybePromise<Stored<T> | undefined> => {
        if (next === undefined) return current;
        if (next.id !== id) throw invalidRecord('modify', 'the changed record has another id.');
        const written =
          current === undefined ? collection.create(next, call) : collection.update(id, current.version, next, call);
        return andThen(written, (version) => {
          if (version !== undefined) return { record: next, version };
          if (left <= 1) throw new CoreError('storage_conflict', `All ${attempts} writes lost to another. Try again.`);
          return attempt(left - 1);
        });
      }),
    );

  return attempt(attempts);
}
