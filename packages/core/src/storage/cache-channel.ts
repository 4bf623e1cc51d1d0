import { type MaybePromise, isPromise, andThen } from '../runtime/maybe-promise.js';
import type { Bus } from './storage.js';

/** What has to be forgotten: one record of a collection, or every record with a value of an index. */
export type Invalidation =
  | { readonly collection: string; readonly id: string }
  | {
      readonly collection: string;
      readonly index: string;
      readonly value: string;
      readonly except?: string | undefined;
    };

/** What the cache does with what the other processes say. */
export interface CacheListener {
  invalidate(invalidation: Invalidation): void;
  /** Something may have been missed. */
  clear(): void;
}

/** The caches of one storage in all processes. */
export interface CacheChannel {
  /** Whether messages arrive: until then nothing may be kept. Subscribes when it is not so. */
  live(): boolean;
  publish(invalidation: Invalidation): MaybePromise<void>;
  close(): MaybePromise<void>;
}

const channelName = 'portcullis.cache';

/** A channel over the storage's bus. Without a bus there is nothing to listen to and only the ttl bounds staleness. */
export function createCacheChannel(bus: Bus | undefined, listener: CacheListener): CacheChannel {
  if (bus === undefined) return { live: () => true, publish: () => undefined, close: () => undefined };

  let state: 'idle' | 'subscribing' | 'live' | 'closed' = 'idle';
  let end: (() => void) | undefined;

  const subscribed = (stop: () => void): void => {
    if (state === 'closed') {
      stop();
      return;
    }
    end = stop;
    state = 'live';
    listener.clear();
  };

  // The next read tries again; until then reads pass through and nothing is kept.
  const failed = (): void => {
    if (state === 'subscribing') state = 'idle';
  };

  const subscribe = (): void => {
    state = 'subscribing';
    try {
      const result = bus.subscribe(channelName, {
        message(text) {
          const invalidation = parseInvalidation(text);
          if (invalidation === undefined) listener.clear();
          else listener.invalidate(invalidation);
        },
        lost: () => listener.clear(),
      });
      if (isPromise(result)) result.then(subscribed, failed);
      else subscribed(result);
    } catch {
      failed();
    }
  };

  return Object.freeze({
    live(): boolean {
      if (state === 'idle') subscribe();
      return state === 'live';
    },
    publish: (invalidation: Invalidation) =>
      andThen(bus.publish(channelName, JSON.stringify(invalidation)), () => undefined),
    close(): void {
      state = 'closed';
      end?.();
    },
  });
}

/** Reads a message of the channel; `undefined` for one of another version of this code, after which everything must be forgotten. */
function parseInvalidation(text: string): Invalidation | undefined {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof message !== 'object' || message === null) return undefined;
  const { collection, id, index, value, except } = message as Record<string, unknown>;
  if (typeof collection !== 'string') return undefined;
  if (typeof id === 'string') return { collection, id };
  if (typeof index !== 'string' || typeof value !== 'string') return undefined;
  return { collection, index, value, except: typeof except === 'string' ? except : undefined };
}
