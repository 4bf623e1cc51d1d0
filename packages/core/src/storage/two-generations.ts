/** A bounded map that forgets what was not used for a while. */
export interface TwoGenerations<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
  deleteIf(matches: (value: V, key: string) => boolean): void;
  clear(): void;
}

/**
 * Two maps of half of `max` each. When the young one is full, the old one is forgotten and they change places; a hit in the old one moves
 * to the young. Nearly as good as least-recently-used, with no list to maintain on a hit.
 */
export function createTwoGenerations<V>(max: number): TwoGenerations<V> {
  const half = Math.max(1, max >> 1);
  let young = new Map<string, V>();
  let old = new Map<string, V>();

  const set = (key: string, value: V): void => {
    if (young.size >= half && !young.has(key)) {
      old = young;
      young = new Map();
    }
    old.delete(key);
    young.set(key, value);
  };

  return Object.freeze({
    get(key: string): V | undefined {
      const hit = young.get(key);
      if (hit !== undefined) return hit;
      const older = old.get(key);
      if (older !== undefined) set(key, older);
      return older;
    },
    set,
    delete(key: string): void {
      young.delete(key);
      old.delete(key);
    },
    deleteIf(matches: (value: V, key: string) => boolean): void {
      for (const generation of [young, old]) {
        for (const [key, value] of generation) if (matches(value, key)) generation.delete(key);
      }
    },
    clear(): void {
      young.clear();
      old.clear();
    },
  });
}
