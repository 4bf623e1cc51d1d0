import { type Bus, isPromise, type MaybePromise, randomToken, StorageUnavailableError } from '@portcullis/core';
import type { Revocation } from '../verify/revocation-check.js';

/** What a process does with what the others revoke. */
export interface RevocationListener {
  heard(revocation: Revocation): void;
  /** Messages may have been missed. */
  lost(): void;
}

/** How the processes that share a storage tell each other of revocations. */
export interface RevocationChannel {
  /** Whether messages arrive: until then no "not revoked" may be kept. Subscribes when it is not so. */
  live(): boolean;
  publish(revocation: Revocation): MaybePromise<void>;
  close(): void;
}

const channelName = 'portcullis.jwt.revocations';

/** A channel over the storage's bus. Without one nothing is heard, and only the bound on staleness holds. */
export function createRevocationChannel(bus: Bus | undefined, listener: RevocationListener): RevocationChannel {
  if (bus === undefined) return Object.freeze({ live: () => true, publish: () => undefined, close: () => undefined });

  // A bus may deliver to its publisher, who has acted on it already.
  const self = randomToken(16);
  let state: 'idle' | 'subscribing' | 'live' | 'closed' = 'idle';
  let stop: (() => void) | undefined;

  const subscribed = (end: () => void): void => {
    if (state === 'closed') return end();
    stop = end;
    state = 'live';
    // What was said before the subscription stood was not heard.
    listener.lost();
  };

  const failed = (): void => {
    // The next question tries again; until then every answer comes from the storage.
    if (state === 'subscribing') state = 'idle';
  };

  const subscribe = (): void => {
    state = 'subscribing';
    try {
      const result = bus.subscribe(channelName, {
        message(text) {
          const message = parseMessage(text);
          if (message === undefined) listener.lost();
          else if (message.from !== self) listener.heard(message.revocation);
        },
        lost: () => listener.lost(),
      });
      if (isPromise(result)) result.then(subscribed, failed);
      else subscribed(result);
    } catch {
      failed();
    }
  };

  const untold = (cause: unknown): never => {
    throw new StorageUnavailableError('The revocation was stored, but the other processes could not be told.', {
      cause,
    });
  };

  return Object.freeze({
    live(): boolean {
      if (state === 'idle') subscribe();
      return state === 'live';
    },
    publish(revocation: Revocation): MaybePromise<void> {
      try {
        const done = bus.publish(channelName, JSON.stringify({ from: self, revocation }));
        return isPromise(done) ? done.then(undefined, untold) : undefined;
      } catch (cause) {
        return untold(cause);
      }
    },
    close(): void {
      state = 'closed';
      stop?.();
    },
  });
}

interface Message {
  readonly from: string;
  readonly revocation: Revocation;
}

/** Reads a message of the channel; `undefined` for one that this version of the code does not know. */
export function parseMessage(text: string): Message | undefined {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof message !== 'object' || message === null) return undefined;
  const { from, revocation } = message as Record<string, unknown>;
  if (typeof from !== 'string' || typeof revocation !== 'object' || revocation === null) return undefined;
  const { kind, iss, jti, sub, sid, notBefore } = revocation as Record<string, unknown>;
  if (typeof iss !== 'string') return undefined;
  if (kind === 'token' && typeof jti === 'string') return { from, revocation: { kind, iss, jti } };
  if (kind === 'family' && typeof sid === 'string') return { from, revocation: { kind, iss, sid } };
  if (kind === 'user' && typeof sub === 'string' && typeof notBefore === 'number') {
    return { from, revocation: { kind, iss, sub, notBefore } };
  }
  return undefined;
}
