import { describe, expect, it } from 'vitest';
import { andThen, isPromise, settle } from '../../src/runtime/maybe-promise.js';

const fail = (): never => {
  throw new Error('down');
};

describe('andThen', () => {
  it('continues at once where nothing is pending, and after it otherwise', async () => {
    expect(andThen(1, (n) => n + 1)).toBe(2);
    const later = andThen(Promise.resolve(1), (n) => n + 1);
    expect(isPromise(later)).toBe(true);
    expect(await later).toBe(2);
  });
});

describe('settle', () => {
  it('gives one answer for a throw, a rejection, and either of them further down', async () => {
    const failed = (): string => 'denied';
    expect(settle<string>(fail, failed)).toBe('denied');
    expect(await settle<string>(() => Promise.reject(new Error('down')), failed)).toBe('denied');
    expect(settle<string>(() => andThen(1, fail), failed)).toBe('denied');
    expect(await settle<string>(() => andThen(Promise.resolve(1), fail), failed)).toBe('denied');
  });
});
