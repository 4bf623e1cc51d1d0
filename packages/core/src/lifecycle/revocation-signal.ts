import { andThen, isPromise, type MaybePromise, settle } from '../runtime/maybe-promise.js';
import type { Bus } from '../storage/storage.js';

/** Tells open streams that their credential's rights have ended. New requests do not need it: they read the record. */
export interface RevocationSignal {
  /** Calls back once; returns the function that stops listening. */
  watch(id: string, listener: () => void): () => void;
  /** Tells this process, then the others. */
  tell(id: string): MaybePromise<void>;
  close(): void;
}

/** What a signal is made of. */
export interface RevocationSignalParts {
  /** Name on the bus, one for each kind of credential: `api_key.ended`. */
  readonly channel: string;
  readonly bus: Bus | undefined;
  /** Whether a credential is still good; asked when messages may have been missed. */
  readonly isLive: (id: string) => MaybePromise<boolean>;
  /** The others could not be told. */
  readonly failed: (id: string) => void;
}

/**
 * Makes the signal. It listens on the bus from the first watcher on. Without a bus only this process is told. When the bus may have
 * lost messages, each watched credential is looked up, and the streams of one that cannot be looked up are closed.
 */
export function createRevocationSignal({ channel, bus, isLive, failed }: RevocationSignalParts): RevocationSignal {
  const watchers = new Map<string, Set<() => void>>();
  let subscription: MaybePromise<() => void> | undefined;

  function fire(id: string): void {
    const listeners = watchers.get(id);
    watchers.delete(id);
    for (const listener of listeners ?? []) listener();
  }

  function check(id: string): void {
    const live = settle(
      () => isLive(id),
      () => false,
    );
    void andThen(live, (good) => {
      if (!good) fire(id);
    });
  }

  function recheck(): void {
    for (const id of [...watchers.keys()]) check(id);
  }

  function subscribe(): void {
    if (bus === undefined || subscription !== undefined) return;
    // The next watcher tries again.
    const refused = (): void => {
      subscription = undefined;
    };
    try {
      subscription = bus.subscribe(channel, { message: fire, lost: recheck });
      // What was published before the subscription stood was missed.
      if (isPromise(subscription)) subscription.then(recheck, refused);
    } catch {
      refused();
    }
  }

  return {
    watch(id, listener) {
      subscribe();
      const listeners = watchers.get(id) ?? new Set();
      watchers.set(id, listeners.add(listener));
      // The credential may have been revoked after it was verified and before anyone watched.
      check(id);
      return () => {
        if (listeners.delete(listener) && listeners.size === 0 && watchers.get(id) === listeners) watchers.delete(id);
      };
    },
    tell(id) {
      fire(id);
      return settle<void>(
        () => bus?.publish(channel, id),
        () => failed(id),
      );
    },
    close() {
      watchers.clear();
      const ending = subscription;
      subscription = undefined;
      if (ending === undefined) return;
      const end = (stop: () => void): void => stop();
      if (isPromise(ending)) ending.then(end, () => undefined);
      else ending();
    },
  };
}
