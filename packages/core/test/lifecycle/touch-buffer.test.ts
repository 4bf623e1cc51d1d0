import { describe, expect, it } from 'vitest';
import { createTouchBuffer } from '../../src/lifecycle/touch-buffer.js';
import type { Touch } from '../../src/storage/storage.js';

/** A collection that keeps what it is told of, and can be down or slow. */
function records() {
  const written: (readonly Touch[])[] = [];
  const state = { down: false, during: () => {} };
  const touch = async (touches: readonly Touch[]): Promise<void> => {
    await Promise.resolve();
    state.during();
    if (state.down) throw new Error('down');
    written.push(touches);
  };
  return { written, state, touch };
}

describe('createTouchBuffer', () => {
  it('writes the newest time of each record in one call, and nothing twice', async () => {
    const { written, touch } = records();
    const buffer = createTouchBuffer({ touch }, 10);
    buffer.note({ id: 'a', touchedAt: 1 });
    buffer.note({ id: 'b', touchedAt: 2 });
    buffer.note({ id: 'a', touchedAt: 3, expiresAt: 9 });
    await buffer.flush();
    await buffer.flush();
    expect(written).toEqual([
      [
        { id: 'a', touchedAt: 3, expiresAt: 9 },
        { id: 'b', touchedAt: 2 },
      ],
    ]);
  });

  it('keeps so many records and no more, and newer times of those it keeps', async () => {
    const { written, touch } = records();
    const buffer = createTouchBuffer({ touch }, 2);
    expect([1, 2, 3].map((at) => buffer.note({ id: String(at), touchedAt: at }))).toEqual([true, true, false]);
    expect(buffer.note({ id: '1', touchedAt: 4 })).toBe(true);
    await buffer.flush();
    expect(written).toEqual([
      [
        { id: '1', touchedAt: 4 },
        { id: '2', touchedAt: 2 },
      ],
    ]);
  });

  it('forgets a record that has ended', async () => {
    const { written, touch } = records();
    const buffer = createTouchBuffer({ touch }, 2);
    buffer.note({ id: 'a', touchedAt: 1 });
    buffer.drop('a');
    await buffer.flush();
    expect(written).toEqual([]);
  });

  it('keeps what could not be written, but for newer times and beyond its room', async () => {
    const { written, state, touch } = records();
    const buffer = createTouchBuffer({ touch }, 2);
    buffer.note({ id: 'a', touchedAt: 1 });
    buffer.note({ id: 'b', touchedAt: 1 });
    state.down = true;
    state.during = () => {
      buffer.note({ id: 'a', touchedAt: 2 });
      buffer.note({ id: 'c', touchedAt: 2 });
    };
    await expect(buffer.flush()).rejects.toThrow('down');
    state.down = false;
    state.during = () => {};
    await buffer.flush();
    expect(written).toEqual([
      [
        { id: 'a', touchedAt: 2 },
        { id: 'c', touchedAt: 2 },
      ],
    ]);
  });

  it('tries again what it could not write', async () => {
    const { written, state, touch } = records();
    const buffer = createTouchBuffer({ touch }, 2);
    buffer.note({ id: 'a', touchedAt: 1 });
    state.down = true;
    await expect(buffer.flush()).rejects.toThrow('down');
    state.down = false;
    await buffer.flush();
    expect(written).toEqual([[{ id: 'a', touchedAt: 1 }]]);
  });
});
