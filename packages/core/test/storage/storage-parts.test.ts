import { requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { type ExpiryBuckets, createExpiryBuckets } from '../../src/storage/expiry-buckets.js';
import {
  type RecordKey,
  compareRecords,
  compareText,
  createVersion,
  decodeCursor,
  encodeCursor,
  isStorageKey,
  sweepAt,
  withDeadline,
} from '../../src/storage/index.js';
import { createSortedRecords } from '../../src/storage/sorted-records.js';

const anyText = fc.string({
  unit: fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
  maxLength: 300,
});
const utf8 = new TextEncoder();

describe('isStorageKey', () => {
  it('says what the bytes say: 1 to 255 of them, well-formed, no NUL', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyText,
          fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
        ),
        (text) => {
          const bytes = utf8.encode(text);
          const faithful = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes) === text;
          expect(isStorageKey(text)).toBe(faithful && bytes.length >= 1 && bytes.length <= 255 && !text.includes('\0'));
        },
      ),
    );
  });

  it('refuses all that is not a string', () => {
    fc.assert(
      fc.property(
        fc.anything().filter((value) => typeof value !== 'string'),
        (value) => {
          expect(isStorageKey(value)).toBe(false);
        },
      ),
    );
  });
});

describe('compareText', () => {
  it('orders as the UTF-8 bytes do', () => {
    const byBytes = (left: string, right: string): number => {
      const [a, b] = [utf8.encode(left), utf8.encode(right)];
      const at = a.findIndex((byte, index) => byte !== b[index]);
      return at === -1 ? a.length - b.length : (a[at] ?? 0) - (b[at] ?? -1);
    };
    const near = fc.string({
      unit: fc.constantFrom('a', 'b', 'é', '\ud7ff', '\ue000', '\uffff', '😀', '😁', '\u{10ffff}'),
      maxLength: 4,
    });
    fc.assert(
      fc.property(near, near, (left, right) => {
        expect(Math.sign(compareText(left, right))).toBe(Math.sign(byBytes(left, right)));
      }),
    );
  });
});

describe('encodeCursor', () => {
  it('is read back by decodeCursor', () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), anyText.filter(isStorageKey), (createdAt, id) => {
        expect(decodeCursor(encodeCursor({ createdAt, id }))).toEqual({ createdAt, id });
      }),
    );
  });

  it('gives decodeCursor nothing else to accept', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const outcome = (): string => {
          try {
            return encodeCursor(decodeCursor(text));
          } catch (error) {
            return String((error as { readonly code?: unknown }).code);
          }
        };
        expect([text, 'invalid_cursor']).toContain(outcome());
      }),
    );
  });
});

describe('createVersion', () => {
  it(`writes 128 bits of the generator, all of them, as hex ${requirement('C23')}`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        let asked = 0;
        const version = createVersion((count) => {
          asked = count;
          return bytes;
        });
        expect(asked).toBe(16);
        expect(version).toBe(Buffer.from(bytes).toString('hex'));
      }),
    );
    expect(createVersion()).toMatch(/^[0-9a-f]{32}$/);
    expect(createVersion()).not.toBe(createVersion());
  });
});

describe('sweepAt', () => {
  it('is a whole hour at or after the expiry, and less than an hour after it', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 52 }), (expiresAt) => {
        const at = sweepAt(expiresAt);
        expect(at % 3_600_000).toBe(0);
        expect(at - expiresAt).toBeGreaterThanOrEqual(0);
        expect(at - expiresAt).toBeLessThan(3_600_000);
      }),
    );
  });
});

describe('createSortedRecords', () => {
  it('gives what sorting an array gives, after any adding and removing, from any place', () => {
    const entry = fc.record({ createdAt: fc.nat({ max: 30 }), id: fc.nat({ max: 400 }).map(String) });
    fc.assert(
      fc.property(
        fc.array(entry, { minLength: 0, maxLength: 3000, size: 'max' }),
        fc.array(fc.nat(), { maxLength: 50 }),
        entry,
        (given, removals, from) => {
          const unique = [...new Map(given.map((each) => [`${each.createdAt}.${each.id}`, each])).values()];
          const sorted = createSortedRecords<RecordKey>();
          for (const each of unique) sorted.add(each);
          const removed = new Set(removals.map((index) => unique[index % Math.max(1, unique.length)]));
          for (const each of removed) if (each !== undefined) sorted.remove(each);
          sorted.remove({ createdAt: 7, id: 'never added' });
          const expected = unique.filter((each) => !removed.has(each)).toSorted((a, b) => compareRecords(b, a));
          const visited = (start: RecordKey | undefined): RecordKey[] => {
            const seen: RecordKey[] = [];
            sorted.newestFirst(start, (each) => seen.push(each) > 0);
            return seen;
          };
          expect(sorted.size()).toBe(expected.length);
          expect(visited(undefined)).toEqual(expected);
          expect(visited(from)).toEqual(expected.filter((each) => compareRecords(each, from) < 0));
        },
      ),
      { numRuns: 50 },
    );
  });
});

interface Item {
  expiresAt: number;
  bucket: number;
}

describe('createExpiryBuckets', () => {
  it('hands over every expired item once and no living one, whatever was moved and removed', () => {
    // Few buckets, so that many items share one.
    const time = fc.integer({ min: 1, max: 60 });
    const life = fc.option(time, { nil: Number.POSITIVE_INFINITY });
    const change = fc.record({ kind: fc.constantFrom('add', 'move', 'remove'), index: fc.nat({ max: 20 }), at: life });
    const sweep = fc.record({ limit: fc.option(fc.nat({ max: 4 }), { nil: undefined }), now: time });
    const round = fc.record({ changes: fc.array(change, { maxLength: 20 }), sweep });
    fc.assert(
      fc.property(fc.array(round, { maxLength: 12 }), (rounds) => {
        const buckets = createExpiryBuckets<Item>(10);
        const items = new Map<number, Item>();
        for (const { changes, sweep: asked } of rounds) {
          for (const { kind, index, at } of changes) apply(buckets, items, { kind, index, at });
          const due = [...items.values()].filter((item) => item.expiresAt <= asked.now);
          const past = due.filter((item) => Math.ceil(item.expiresAt / 10) * 10 <= asked.now);
          const dropped: Item[] = [];
          const drop = (item: Item): void => {
            dropped.push(item);
            buckets.remove(item);
            for (const [index, each] of items) if (each === item) items.delete(index);
          };
          const { limit, now } = asked;
          const count = limit === undefined ? buckets.sweepAll(now, drop) : buckets.sweep(now, limit, drop);
          expect(count).toBe(dropped.length);
          expect(new Set(dropped).size).toBe(count);
          expect(count).toBe(limit === undefined ? due.length : Math.min(limit, past.length));
          expect(dropped.filter((item) => !due.includes(item))).toEqual([]);
        }
      }),
    );
  });
});

function apply(
  buckets: ExpiryBuckets<Item>,
  items: Map<number, Item>,
  { kind, index, at }: { readonly kind: string; readonly index: number; readonly at: number },
): void {
  const item = items.get(index);
  if (kind === 'add' && item === undefined) {
    const added = { expiresAt: at, bucket: -1 };
    items.set(index, added);
    buckets.add(added);
  } else if (kind === 'move' && item !== undefined) buckets.move(item, at);
  else if (kind === 'remove' && item !== undefined) {
    buckets.remove(item);
    items.delete(index);
  }
}

describe('withDeadline', () => {
  it('passes on what comes in time, value or error', async () => {
    const call = { signal: new AbortController().signal, timeoutMs: 60_000 };
    expect(await withDeadline(Promise.resolve(1), call)).toBe(1);
    await expect(withDeadline(Promise.reject(new Error('x')), call)).rejects.toThrow('x');
    const plain = Promise.resolve(1);
    expect(withDeadline(plain, undefined)).toBe(plain);
  });

  it('throws storage_unavailable when the signal fires or the time is up first', async () => {
    const endless = new Promise<never>(() => undefined);
    const controller = new AbortController();
    const waiting = withDeadline(endless, { signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'storage_unavailable' });
    await expect(withDeadline(endless, { signal: controller.signal })).rejects.toMatchObject({
      code: 'storage_unavailable',
    });
    vi.useFakeTimers();
    try {
      const late = withDeadline(endless, { timeoutMs: 5000 });
      const timers = vi.getTimerCount();
      vi.advanceTimersByTime(5000);
      await expect(late).rejects.toMatchObject({ code: 'storage_unavailable' });
      expect([timers, vi.getTimerCount()]).toEqual([1, 0]);
    } finally {
      vi.useRealTimers();
    }
  });
});
