import { describe, expect, it } from 'vitest';
import { fakeClock } from '../src/index.js';

describe('fakeClock', () => {
  it('stands still until it is moved', () => {
    const clock = fakeClock(1_000);
    expect([clock(), clock()]).toEqual([1_000, 1_000]);
    expect(clock.advance(5)).toBe(1_005);
    clock.set(10);
    expect(clock()).toBe(10);
  });

  it('starts at the beginning of 2026', () => {
    expect(fakeClock()()).toBe(Date.parse('2026-01-01T00:00:00Z'));
  });
});
