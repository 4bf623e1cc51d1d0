import { type RecordKey, compareRecords } from './record-order.js';

// Long enough that few chunks exist, short enough that moving half of one costs less than a microsecond.
const chunkSize = 512;

/** Entries in listing order: adding, removing and seeking cost O(log n) and the move of part of one chunk, however many there are. */
export interface SortedRecords<E extends RecordKey> {
  readonly size: () => number;
  add(entry: E): void;
  remove(entry: E): void;
  /** Visits newest first, from the entry before `from`, until `visit` answers false. The entries must not change meanwhile. */
  newestFirst(from: RecordKey | undefined, visit: (entry: E) => boolean): void;
}

/** Entries sorted by (createdAt, id), in chunks. */
export function createSortedRecords<E extends RecordKey>(): SortedRecords<E> {
  const chunks: E[][] = [];
  let size = 0;

  // The first chunk that ends at or after the key; chunks.length when there is none.
  const chunkFor = (key: RecordKey): number =>
    firstIndex(chunks.length, (index) => compareRecords(lastOf(chunks[index]), key) >= 0);
  const positionIn = (chunk: readonly E[], key: RecordKey): number =>
    firstIndex(chunk.length, (index) => compareRecords(chunk[index] as E, key) >= 0);

  const append = (entry: E): void => {
    const last = chunks.at(-1);
    // Records mostly arrive in order: a full last chunk is left full, not split in half.
    if (last === undefined || last.length >= chunkSize) chunks.push([entry]);
    else last.push(entry);
  };

  return Object.freeze({
    size: () => size,

    add(entry: E): void {
      size += 1;
      const at = chunkFor(entry);
      const chunk = chunks[at];
      if (chunk === undefined) {
        append(entry);
        return;
      }
      chunk.splice(positionIn(chunk, entry), 0, entry);
      if (chunk.length > chunkSize) chunks.splice(at + 1, 0, chunk.splice(chunkSize >> 1));
    },

    remove(entry: E): void {
      const at = chunkFor(entry);
      const chunk = chunks[at];
      if (chunk === undefined) return;
      const position = positionIn(chunk, entry);
      if (chunk[position] !== entry) return;
      size -= 1;
      chunk.splice(position, 1);
      if (chunk.length === 0) chunks.splice(at, 1);
    },

    newestFirst(from: RecordKey | undefined, visit: (entry: E) => boolean): void {
      let at = from === undefined ? chunks.length - 1 : Math.min(chunkFor(from), chunks.length - 1);
      for (let first = true; at >= 0; at -= 1, first = false) {
        const chunk = chunks[at] as E[];
        const start = first && from !== undefined ? positionIn(chunk, from) : chunk.length;
        for (let position = start - 1; position >= 0; position -= 1) {
          if (!visit(chunk[position] as E)) return;
        }
      }
    },
  });
}

function lastOf<E>(chunk: readonly E[] | undefined): E {
  return (chunk as readonly E[]).at(-1) as E;
}

// The lowest index for which `holds`; it holds for every later one too.
function firstIndex(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
