import {
  type Bus,
  type BusListener,
  type Random,
  StorageUnavailableError,
  createVersion,
  withDeadline,
} from '@portcullis/core/storage';
import { type Database, createQuery } from './driver.js';
import { toStorageError } from './errors.js';

/** How a bus listens. */
export interface BusOptions {
  readonly database: Database;
  /** The one channel of PostgreSQL that carries all of the bus's. */
  readonly channel: string;
  /** Milliseconds between the messages by which it hears whether it hears; 0 for none. */
  readonly heartbeatMs: number;
  readonly random: Random | undefined;
}

/** A bus, and how it ends. */
export interface PostgresBus extends Bus {
  close(): void;
}

// A payload is at most 7,999 bytes. One unit of UTF-16 takes 3 bytes of UTF-8 at most, and before each piece stand some 50 bytes.
const pieceUnits = 2500;
const firstRetryMs = 50;
const lastRetryMs = 5000;

/**
 * A bus over LISTEN and NOTIFY on one dedicated connection, which is opened at the first subscription and again whenever it breaks.
 *
 * A connection that has gone silent without breaking is found out by a message of the bus's own that does not come back.
 */
export function createPostgresBus({ database, channel, heartbeatMs, random }: BusOptions): PostgresBus {
  const notify = createQuery(
    database,
    'SELECT pg_notify($1, "piece") FROM json_array_elements_text($2::text::json) WITH ORDINALITY AS "t" ("piece", "n") ORDER BY "n"',
  );
  const channels = new Map<string, Set<BusListener>>();
  let state: 'idle' | 'open' | 'broken' | 'closed' = 'idle';
  let opening: Promise<void> | undefined;
  let end: (() => void) | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let heartbeat: ReturnType<typeof setInterval> | undefined;
  let unheard: string | undefined;

  const lost = (): void => {
    for (const listener of everyone(channels)) quietly(() => listener.lost());
  };

  const hear = createAssembler((message) => {
    const [name, text] = message;
    for (const listener of Array.from(channels.get(name) ?? [])) deliver(listener, text);
  }, lost);

  const send = (pieces: readonly string[]): PromiseLike<unknown> =>
    notify.count([channel, JSON.stringify(pieces)], undefined);

  const stop = (): void => {
    clearInterval(heartbeat);
    unheard = undefined;
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
    if (unheard !== undefined) {
      broken();
      return;
    }
    const token = createVersion(random);
    unheard = token;
    // A heartbeat that could not be sent was not heard either.
    send([token]).then(undefined, () => undefined);
  };

  const open = async (): Promise<void> => {
    const { listen } = database.driver;
    if (listen === undefined) throw new StorageUnavailableError('This client has no connection to listen on.');
    let over = false;
    const listening = listen(channel, {
      message(payload) {
        if (payload === unheard) unheard = undefined;
        else if (!over && !isHeartbeat(payload)) hear(payload);
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
      const id = createVersion(random);
      const pieces = cut(JSON.stringify([name, text]));
      await send(pieces.map((piece, at) => `${id}:${at}:${pieces.length}:${piece}`));
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

// Of this process or of another.
function isHeartbeat(payload: string): boolean {
  return /^[0-9a-f]{32}$/.test(payload);
}

// The pieces of one message are sent by one statement, so nothing comes between them on their way.
function createAssembler(
  whole: (message: readonly [string, string]) => void,
  lost: () => void,
): (payload: string) => void {
  let from = '';
  let parts: string[] = [];
  return (payload) => {
    const [, id, at, count, piece] = /^([0-9a-f]+):(\d+):(\d+):(.*)$/su.exec(payload) ?? [];
    if (id === undefined || piece === undefined || (at !== '0' && (id !== from || Number(at) !== parts.length))) {
      parts = [];
      lost();
      return;
    }
    if (at === '0') [from, parts] = [id, []];
    parts.push(piece);
    if (parts.length < Number(count)) return;
    const text = parts.join('');
    parts = [];
    const message = parseMessage(text);
    if (message === undefined) lost();
    else whole(message);
  };
}

// Others may write into the channel too: what cannot be read may have meant anything.
function parseMessage(text: string): readonly [string, string] | undefined {
  try {
    const message = JSON.parse(text) as unknown;
    return Array.isArray(message) && typeof message[0] === 'string' && typeof message[1] === 'string'
      ? [message[0], message[1]]
      : undefined;
  } catch {
    return undefined;
  }
}

// JSON text is well-formed: only a pair of surrogates may not be cut.
function cut(text: string): readonly string[] {
  const pieces: string[] = [];
  for (let start = 0; start < text.length; ) {
    let stop = Math.min(start + pieceUnits, text.length);
    const unit = text.charCodeAt(stop - 1);
    if (unit >= 0xd800 && unit <= 0xdbff) stop -= 1;
    pieces.push(text.slice(start, stop));
    start = stop;
  }
  return pieces;
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
