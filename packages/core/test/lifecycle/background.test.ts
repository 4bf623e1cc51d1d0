import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createBackground } from '../../src/lifecycle/background.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('createBackground', () => {
  it('runs once an interval, however often it is asked', async () => {
    let runs = 0;
    const background = createBackground(async () => void runs++, { everyMs: 1000, failed: () => undefined });
    background.schedule();
    await vi.advanceTimersByTimeAsync(500);
    background.schedule();
    await vi.advanceTimersByTimeAsync(499);
    expect(runs).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(runs).toBe(1);
    await vi.advanceTimersByTimeAsync(5000);
    expect(runs).toBe(1);
    background.schedule();
    await vi.advanceTimersByTimeAsync(1000);
    expect(runs).toBe(2);
  });

  it('tells of a run that failed and tries again an interval later, until one succeeds', async () => {
    const failures: unknown[] = [];
    const answers = [new Error('first'), new Error('second'), undefined];
    let runs = 0;
    const work = async (): Promise<void> => {
      const error = answers[runs++];
      if (error !== undefined) throw error;
    };
    createBackground(work, { everyMs: 1000, failed: (error) => failures.push(error) }).schedule();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(runs).toBe(3);
    expect(failures).toEqual(answers.slice(0, 2));
    expect(vi.getTimerCount()).toBe(0);
  });

  it('runs one after the other, and a flush stands in for the timer', async () => {
    let running = 0;
    let most = 0;
    let runs = 0;
    const work = async (): Promise<void> => {
      runs++;
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 10));
      running--;
    };
    const background = createBackground(work, { everyMs: 1000, failed: () => undefined });
    background.schedule();
    const flushed = Promise.all([background.flush(), background.flush()]);
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(5000);
    await flushed;
    expect([runs, most]).toEqual([2, 1]);
  });

  it('rejects a flush that fails, and lets the next one run', async () => {
    const work = vi.fn<() => Promise<void>>().mockRejectedValueOnce(new Error('down')).mockResolvedValue(undefined);
    const background = createBackground(work, { everyMs: 1000, failed: () => undefined });
    await expect(background.flush()).rejects.toThrow('down');
    await background.flush();
    expect(work).toHaveBeenCalledTimes(2);
  });

  it('runs a last time as it closes, and never again', async () => {
    const work = vi.fn<() => Promise<void>>(async () => undefined);
    const background = createBackground(work, { everyMs: 1000, failed: () => undefined });
    background.schedule();
    await background.close();
    background.schedule();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(work).toHaveBeenCalledTimes(1);
  });
});

describe('createBackground, with real timers', () => {
  it('keeps no process alive', () => {
    vi.useRealTimers();
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    createBackground(async () => undefined, { everyMs: 60_000, failed: () => undefined }).schedule();
    expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout')).toHaveLength(before);
  });
});
