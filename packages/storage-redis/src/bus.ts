import {
  type Bus,
  type BusListener,
  type Random,
  StorageUnavailableError,
  createVersion,
  withDeadline,
} from '@portcullis/core/storage';
import { type Database, send, within } from './driver.js';
import { toStorageError } from './errors.js';

/** How a bus listens. */
export interface BusOptions {
  readonly database: Database;
  /** The one channel of Redis that carries all of the bus's. */
  readonly channel: string;
  /** Milliseconds between the messages by which it hears whether it hears; 0 for none. */
  readonly heartbeatMs: number;
  readonly random: Random | undefined;
}

/** A bus, and how it ends. */
export interface RedisBus extends Bus {
  close(): void;
}

const firstRetryMs = 50;
const lastRetryMs = 5000;

/**
 * A bus over PUBLISH and SUBSCRIBE, on a connection of its own that is opened at the first subscription and again whenever it breaks.
 *
 * A connection that has gone silent without breaking is found out by a message of the bus's own that does not come back.
 */
export function createRedisBus({ database, channel, heartbeatMs, random }: BusOptions): RedisBus {
  const channels = new Map<string, Set<BusListener>>();
  // Only this bus listens to its heartbeats.
  const echo = `${channel}:${createVersion(random)}`;
  let state: 'idle' | 'open' | 'broken' | 'closed' = 'idle';
  let opening: Promise<void> | undefined;
  let end: (() => void) | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let heartbeat: ReturnType<typeof setInterval> | undefined;
  let unheard = false;

  const publish = (name: string, text: string): Promise<unknown> =>
    within(database, undefined, async () => send(database, name, ['PUBLISH', name, text]));

  const lost = (): void => {
    for (const listener of everyone(channels)) quietly(() => listener.lost());
  };

  const hear = (text: string): void => {
    const message = parseMessage(text);
    // Others may write into the channel too: what cannot be read may have meant anything.
    if (message === undefined) lost();
    else if (message === 'heartbeat') unheard = false;
    else for (const listener of Array.from(channels.get(message[0]) ?? [])) deliver(listener, message[1]);
  };

  const stop = (): void => {
    clearInterval(heartbeat);
    unheard = false;
    end?.();
    end = undefined;
  };

  const broken = (): void => {
    if (state !== 'open') return;
    state = 'broken';
    stop();
    lost();
    again(firstRetryMs);
  };

  const again = (afterMs: number): void => {
    retry = setTimeout(() => {
      opened().then(undefined, () => {
        if (state === 'broken') again(Math.min(afterMs * 2, lastRetryMs));
      });
    }, afterMs);
    retry.unref?.();
  };

  const beat = (): void => {
    if (unheard) {
      broken();
      return;
    }
    unheard = true;
    // A heartbeat that could not be sent was not heard either.
    publish(echo, '"heartbeat"').then(undefined, () => undefined);
  };

  const open = async (): Promise<void> => {
    let over = false;
    const listening = database.driver.listen([channel, echo], {
      message(text) {
        if (!over) hear(text);
      },
      broken() {
        over = true;
        broken();
      },
    });
    try {
      const ended = await withDeadline(listening, { timeoutMs: database.timeoutMs });
      if (over || state === 'closed') {
        ended();
        throw new StorageUnavailableError('The connection to listen on was lost at once.');
      }
      end = ended;
    } catch (error) {
      over = true;
      // One that opens after its time is not kept.
      listening.then(
        (ended) => ended(),
        () => undefined,
      );
      throw toStorageError(error);
    }
    state = 'open';
    if (heartbeatMs > 0) {
      heartbeat = setInterval(beat, heartbeatMs);
      heartbeat.unref?.();
    }
  };

  const opened = async (): Promise<void> => {
    if (state === 'closed') throw new StorageUnavailableError('The storage was closed.');
    if (state === 'open') return;
    opening ??= open()
      // Whoever listened before has missed what was sent in between.
      .then(lost)
      .finally(() => {
        opening = undefined;
      });
    await opening;
  };

  return Object.freeze({
    async publish(name: string, text: string): Promise<void> {
      await publish(channel, JSON.stringify([name, text]));
    },

    async subscribe(name: string, listener: BusListener): Promise<() => void> {
      await opened();
      // The same listener may be subscribed twice and ended once.
      const own: BusListener = { message: (text) => listener.message(text), lost: () => listener.lost() };
      const listeners = channels.get(name) ?? new Set();
      channels.set(name, listeners);
      listeners.add(own);
      return () => {
        listeners.delete(own);
        if (listeners.size === 0 && channels.get(name) === listeners) channels.delete(name);
      };
    },

    close(): void {
      state = 'closed';
      clearTimeout(retry);
      stop();
      channels.clear();
    },
  });
}

function parseMessage(text: string): readonly [string, string] | 'heartbeat' | undefined {
  try {
    const message = JSON.parse(text) as unknown;
    if (message === 'heartbeat') return message;
    return Array.isArray(message) && typeof message[0] === 'string' && typeof message[1] === 'string'
      ? [message[0], message[1]]
      : undefined;
  } catch {
    return undefined;
  }
}

function everyone(channels: ReadonlyMap<string, ReadonlySet<BusListener>>): readonly BusListener[] {
  return [...channels.values()].flatMap((listeners) => [...listeners]);
}

// A listener that throws has missed the message; it must not keep the others from theirs.
function deliver(listener: BusListener, text: string): void {
  try {
    listener.message(text);
  } catch {
    quietly(() => listener.lost());
  }
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // It was told; there is nobody to tell further.
  }
}
