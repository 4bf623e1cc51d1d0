import { describe, expect, it, vi } from 'vitest';
import { readBody, readLimited, withinTime } from '../../src/fetch/index.js';

/** A body of parts that says when it was given up. */
function body(parts: readonly string[], headers: Record<string, string> = {}) {
  const state = { read: 0, cancelled: false };
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const part = parts[state.read++];
        if (part === undefined) controller.close();
        else controller.enqueue(new TextEncoder().encode(part));
      },
      cancel() {
        state.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { state, response: new Response(stream, { headers }) };
}
const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);

describe('readLimited', () => {
  it('reads a body of exactly so many bytes, in order', async () => {
    expect(text(await readLimited(body(['ab', 'cd', 'e']).response, 5))).toBe('abcde');
    expect(text(await readLimited(new Response(null), 0))).toBe('');
  });

  it('gives up at the first byte too many, and lets go of the rest', async () => {
    const { state, response } = body(['abc', 'def', 'ghi', 'jkl']);
    expect(await readLimited(response, 5)).toBeUndefined();
    expect(state).toMatchObject({ cancelled: true, read: 2 });
  });

  it('reads nothing of a body that says it is too long, and believes none that says it is short', async () => {
    const long = body(['abc'], { 'content-length': '6' });
    expect(await readLimited(long.response, 5)).toBeUndefined();
    expect(long.state.read).toBe(0);
    expect(text(await readLimited(body(['abcde'], { 'content-length': '5' }).response, 5))).toBe('abcde');
    expect(await readLimited(body(['abcdef'], { 'content-length': '1' }).response, 5)).toBeUndefined();
  });
});

describe('readBody', () => {
  it('throws where there is too much, and says how much may be', async () => {
    expect(text(await readBody(body(['abc']).response, 3))).toBe('abc');
    await expect(readBody(body(['abcd']).response, 3)).rejects.toThrow('more than 3 bytes');
  });
});

describe('withinTime', () => {
  it('gives what the work gives, and ends its signal in any case', async () => {
    const signals: AbortSignal[] = [];
    expect(
      await withinTime(1000, async (signal) => {
        signals.push(signal);
        return 7;
      }),
    ).toBe(7);
    await expect(
      withinTime(1000, (signal) => {
        signals.push(signal);
        return Promise.reject(new Error('refused'));
      }),
    ).rejects.toThrow('refused');
    await new Promise((resolve) => setImmediate(resolve));
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });

  it('waits no longer than it may for work that does not listen', async () => {
    vi.useFakeTimers();
    const reasons: unknown[] = [];
    const late = withinTime(5, (signal) => {
      signal.addEventListener('abort', () => reasons.push(signal.reason));
      return new Promise(() => undefined);
    });
    const refused = expect(late).rejects.toThrow('No answer within 5 ms.');
    await vi.advanceTimersByTimeAsync(4);
    expect(reasons).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    await refused;
    vi.useRealTimers();
    expect(reasons).toEqual([expect.objectContaining({ message: 'No answer within 5 ms.' })]);
  });
});
