import { apiKeyCollection } from '@portcullis/api-key';
import { type Storage, sweepExpired } from '@portcullis/core';
import { sessionCollection } from '@portcullis/session';

/** Call it once an hour or oftener, by whatever runs your jobs. The signal ends it early, at your shutdown say. */
export async function sweep(storage: Storage, signal?: AbortSignal): Promise<number> {
  const sessions = await sweepExpired(storage.collection(sessionCollection), { signal });
  const keys = await sweepExpired(storage.collection(apiKeyCollection), { signal });
  return sessions + keys;
}
