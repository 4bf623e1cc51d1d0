import type { Clock } from '../runtime/environment.js';
import { isPromise } from '../runtime/maybe-promise.js';

/** The names of a map's events. */
export type EventType<M> = keyof M & string;

/** What every event carries beside its own fields. */
export interface EventStamp<K extends string = string> {
  readonly type: K;
  /** When it happened, absolute milliseconds of the injected clock. */
  readonly at: number;
  /** The same instant as ISO 8601 in UTC. */
  readonly time: string;
}

/** One event of a map: its stamp and its fields. A union when `K` is one. */
export type EventOf<M, K extends EventType<M> = EventType<M>> = { readonly [T in K]: EventStamp<T> & M[T] }[K];

/** What listeners hear, by what they asked for: one type, or `'*'` for all. */
export type HeardEvents<M> = { readonly [T in keyof M]: EventStamp<T & string> & M[T] } & { readonly '*': EventOf<M> };

/** Hears events of one type, or of all with `'*'`. */
export type EventListener<M, K extends keyof M | '*' = '*'> = (event: HeardEvents<M>[K]) => void;

/** Where a feature reports to. A stream of a wider map fits wherever a narrower one is asked for. */
export interface EventSink<out M> {
  /**
   * Whether anyone listens: a hot path asks before it builds the fields.
   * A property, not a method: methods compare both ways, and a stream that lacks events would pass for one that has them.
   */
  readonly wants: (type: EventType<M>) => boolean;
  /** Never throws. */
  emit<K extends EventType<M>>(type: K, fields: M[K]): void;
}

/** A typed event stream, for audit and metrics. */
export interface Events<out M> extends EventSink<M> {
  /** The function returned ends the subscription. */
  on<K extends keyof M | '*'>(type: K, listener: EventListener<M, K>): () => void;
}

/** What `createEvents` takes. */
export interface EventsOptions {
  /** Default: `Date.now`. */
  readonly clock?: Clock;
  /**
   * Told of each error that a listener threw or rejected with. Default: `console.error`, because a listener that fails
   * must neither break a request, nor end the process, nor go unseen.
   */
  readonly onListenerError?: (error: unknown, type: string) => void;
}

// C0, DEL, C1, line and paragraph separators, and the bidirectional controls that make a log line read as another.
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function neutral(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(unsafe, escaped);
  if (Array.isArray(value)) return value.map(neutral);
  if (typeof value !== 'object' || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [neutral(name), neutral(member)]));
}

function reportToConsole(error: unknown, type: string): void {
  // oxlint-disable-next-line no-console -- the documented default: the application has given nowhere else to say it
  console.error(`portcullis: a listener of "${type}" failed:`, error);
}

/**
 * Makes an event stream. Listeners run synchronously, in the order they were added, on one frozen object.
 * Control characters in strings, also inside arrays and plain objects, are written as `\u000a` (ASVS 16.4.1). That no
 * field holds a secret is the emitter's duty: nothing is searched for.
 */
export function createEvents<M>(options: EventsOptions = {}): Events<M> {
  const { clock = Date.now, onListenerError = reportToConsole } = options;
  type Entry = { readonly listener: (event: never) => unknown };
  const listeners = new Map<string, Set<Entry>>();

  function report(error: unknown, type: string): void {
    try {
      onListenerError(error, type);
    } catch (second) {
      reportToConsole(second, type);
    }
  }

  return {
    on(type, listener) {
      const name = String(type);
      const entry: Entry = { listener };
      const entries = listeners.get(name) ?? new Set();
      listeners.set(name, entries.add(entry));
      return () => {
        // An emptied set may have been replaced by a newer one of the same name.
        if (entries.delete(entry) && entries.size === 0 && listeners.get(name) === entries) listeners.delete(name);
      };
    },
    wants: (type) => listeners.size > 0 && (listeners.has(type) || listeners.has('*')),
    emit(type, fields) {
      const heard = [...(listeners.get(type) ?? []), ...(listeners.get('*') ?? [])];
      if (heard.length === 0) return;
      try {
        const at = clock();
        const stamp: EventStamp = { type, at, time: new Date(at).toISOString() };
        const event = Object.freeze({ ...stamp, ...(neutral({ ...fields }) as object), ...stamp });
        for (const { listener } of heard) {
          try {
            const result = listener(event as never);
            // An async listener is a function to the types and a rejection to the process.
            if (isPromise(result)) result.then(undefined, (error: unknown) => report(error, type));
          } catch (error) {
            report(error, type);
          }
        }
      } catch (error) {
        report(error, type);
      }
    },
  };
}
