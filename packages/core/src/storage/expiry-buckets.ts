/** What expires: the buckets keep `bucket` themselves. */
export interface Expiring {
  /** Absolute milliseconds; `Infinity` when never. Change it through `move` only. */
  expiresAt: number;
  /** @internal */
  bucket: number;
}

/** Finds what has expired without looking at what has not. */
export interface ExpiryBuckets<E extends Expiring> {
  add(item: E): void;
  remove(item: E): void;
  move(item: E, expiresAt: number): void;
  /** Hands up to `limit` items of buckets that are wholly past to `drop`, which must remove them; how many there were. */
  sweep(now: number, limit: number, drop: (item: E) => void): number;
  /** Hands every expired item to `drop`, those of the bucket that is still running too; how many there were. */
  sweepAll(now: number, drop: (item: E) => void): number;
}

interface Bucket<E> {
  readonly items: Set<E>;
  /** No item of the bucket expires before this. */
  earliest: number;
}

/**
 * Buckets of items that expire within the same `width` milliseconds. An item's bucket ends at or after its expiry, so a bucket that has ended
 * can be emptied without a look at each item's time.
 */
export function createExpiryBuckets<E extends Expiring>(width: number): ExpiryBuckets<E> {
  const buckets = new Map<number, Bucket<E>>();
  // Bucket numbers, ascending: few beside the items, since many share one.
  const order: number[] = [];

  const position = (number: number): number => {
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((order[middle] as number) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  const put = (item: E): void => {
    if (item.expiresAt === Infinity) return;
    item.bucket = Math.ceil(item.expiresAt / width);
    const bucket = buckets.get(item.bucket);
    if (bucket === undefined) {
      buckets.set(item.bucket, { items: new Set([item]), earliest: item.expiresAt });
      order.splice(position(item.bucket), 0, item.bucket);
    } else {
      bucket.items.add(item);
      if (item.expiresAt < bucket.earliest) bucket.earliest = item.expiresAt;
    }
  };

  const pull = (item: E): void => {
    const bucket = buckets.get(item.bucket);
    if (bucket?.items.delete(item) !== true) return;
    if (bucket.items.size === 0) {
      buckets.delete(item.bucket);
      order.splice(position(item.bucket), 1);
    }
    item.bucket = -1;
  };

  const sweep = (now: number, limit: number, drop: (item: E) => void): number => {
    let dropped = 0;
    while (dropped < limit) {
      const number = order[0];
      if (number === undefined || number * width > now) break;
      for (const item of (buckets.get(number) as Bucket<E>).items) {
        if (dropped === limit) break;
        drop(item);
        dropped += 1;
      }
    }
    return dropped;
  };

  return Object.freeze({
    add: put,
    remove: pull,

    move(item: E, expiresAt: number): void {
      if (item.expiresAt === expiresAt) return;
      pull(item);
      item.expiresAt = expiresAt;
      put(item);
    },

    sweep,

    sweepAll(now: number, drop: (item: E) => void): number {
      let dropped = sweep(now, Infinity, drop);
      const number = order[0];
      const running = number === undefined ? undefined : buckets.get(number);
      if (running === undefined || running.earliest > now) return dropped;
      let earliest = Infinity;
      for (const item of running.items) {
        if (item.expiresAt <= now) {
          drop(item);
          dropped += 1;
        } else if (item.expiresAt < earliest) earliest = item.expiresAt;
      }
      // Remembered, so that a full storage looks through the bucket again only when something in it is due.
      running.earliest = earliest;
      return dropped;
    },
  });
}
