import { fakeClock, requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';

describe('requirement', () => {
  it('cites ids as a suffix', () => {
    const ids = ['C1', 'C2'];
    expect(requirement(...ids)).toBe('(C1, C2)');
  });
  it('refuses an id that does not exist, and none at all', () => {
    const unknown = 'Z99';
    expect(() => requirement(unknown)).toThrow('Z99');
    expect(() => requirement()).toThrow('none given');
  });
});

describe('fakeClock', () => {
  it('stands still until it is moved', () => {
    const clock = fakeClock(1000);
    expect(clock()).toBe(1000);
    expect(clock.advance(5)).toBe(1005);
    clock.set(10);
    expect(clock()).toBe(10);
  });
});
