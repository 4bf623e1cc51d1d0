import type { Collection, StoredRecord, Touch } from '../storage/storage.js';

/** Times of use that wait to be written: one a record, however often it was used. */
export interface TouchBuffer {
  /** Whether it was kept. False when as many records wait as may. */
  note(touch: Touch): boolean;
  /** Forgets a record that has ended. */
  drop(id: string): void;
  /** Writes them all. What fails is kept, unless a newer time has come. */
  flush(): Promise<void>;
}

/** @param max records that may wait: memory stays bounded when the storage takes no writes. */
export function createTouchBuffer<T extends StoredRecord>(
  records: Pick<Collection<T>, 'touch'>,
  max: number,
): TouchBuffer {
  let waiting = new Map<string, Touch>();
  return {
    note(touch) {
      if (waiting.size >= max && !waiting.has(touch.id)) return false;
      waiting.set(touch.id, touch);
      return true;
    },
    drop(id) {
      waiting.delete(id);
    },
    async flush() {
      if (waiting.size === 0) return;
      const taken = waiting;
      waiting = new Map();
      try {
        await records.touch([...taken.values()]);
      } catch (error) {
        // Newer times win, and they are already there.
        for (const [id, touch] of taken) if (!waiting.has(id) && waiting.size < max) waiting.set(id, touch);
        throw error;
      }
    },
  };
}
