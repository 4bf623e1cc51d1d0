import type { Storage } from '@portcullis/core';
import { RedisStore } from 'connect-redis';
import type { RedisClientType } from 'redis';
import { createMovedSessions } from '../moved-sessions.js';
import { convert } from './changeover.js';
import { fromExpressStore } from './old-store.js';

/** The ids of all sessions, some hundred at a time: nothing here holds all of them at once. */
async function* sessionIds(client: RedisClientType, prefix: string): AsyncIterable<string> {
  for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 500 }))
    for (const key of keys) yield key.slice(prefix.length);
}

/** Moves what is left in connect-redis. Run it when no old process is running any more. */
export async function moveSessions(client: RedisClientType, storage: Storage, prefix = 'sess:') {
  const live = fromExpressStore(new RedisStore({ client, prefix }), convert);
  return createMovedSessions({ storage }).take(sessionIds(client, prefix), live);
}
