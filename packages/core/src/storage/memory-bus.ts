import type { Bus, BusListener } from './storage.js';

/** A bus within one process: a message has reached every listener when `publish` returns. */
export function createMemoryBus(): Bus {
  const channels = new Map<string, Set<BusListener>>();

  return Object.freeze({
    publish(channel: string, text: string): void {
      // A copy: a listener may end its own subscription.
      for (const listener of Array.from(channels.get(channel) ?? [])) deliver(listener, text);
    },

    subscribe(channel: string, listener: BusListener): () => void {
      const listeners = channels.get(channel) ?? new Set();
      channels.set(channel, listeners);
      // The same listener may be subscribed twice and ended once.
      const own: BusListener = { message: (text) => listener.message(text), lost: () => listener.lost() };
      listeners.add(own);
      return () => {
        listeners.delete(own);
        if (listeners.size === 0 && channels.get(channel) === listeners) channels.delete(channel);
      };
    },
  });
}

// A listener that throws has missed the message; it must not keep the others, or the publisher's own write, from going on.
function deliver(listener: BusListener, text: string): void {
  try {
    listener.message(text);
  } catch {
    listener.lost();
  }
}
