import { describe, expect, it } from 'vitest';
import { type KeyRing, parseKeyRing } from '../../src/runtime/key-ring.js';
import { createSealer } from '../../src/runtime/sealer.js';

const key = (seed: number, length = 32): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 255);
const one: KeyRing = { current: 'a', keys: { a: key(1) } };

describe('createSealer', () => {
  it('opens what it sealed, for the same context only', async () => {
    const sealer = createSealer(one);
    const sealed = await sealer.seal('grüße 🔑', 'user-1');
    expect(sealed).toMatch(/^a\.[\w-]{16}\.[\w-]+$/);
    expect(await sealer.open(sealed, 'user-1')).toBe('grüße 🔑');
    expect(await sealer.open(sealed, 'user-2')).toBeUndefined();
    expect(await sealer.open(sealed, '')).toBeUndefined();
    expect(await sealer.open(await sealer.seal('', 'x'), 'x')).toBe('');
  });

  it('opens nothing that was changed, cut, or is no sealed text', async () => {
    const sealer = createSealer(one);
    const sealed = await sealer.seal('secret', 'x');
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.slice(0, at) + (sealed[at] === 'B' ? 'C' : 'B') + sealed.slice(at + 1);
      expect(await sealer.open(changed, 'x'), String(at)).toBeUndefined();
    }
    for (const text of ['', 'a', 'a..', sealed.slice(0, -1), `${sealed}A`, ` ${sealed}`, `${sealed}\n`, `${sealed}.A`])
      expect(await sealer.open(text, 'x'), JSON.stringify(text)).toBeUndefined();
  });

  it('seals anew each time, with what the generator gives', async () => {
    const sealer = createSealer(one);
    expect(await sealer.seal('x', 'y')).not.toBe(await sealer.seal('x', 'y'));
    const fixed = createSealer(one, { random: (count) => new Uint8Array(count).fill(9) });
    expect((await fixed.seal('x', 'y')).split('.')[1]).toBe(Buffer.alloc(12, 9).toString('base64url'));
  });

  it('opens under every key of the ring and seals under the current one, and says what is outdated', async () => {
    const before = createSealer(one);
    const after = createSealer({ current: 'b', keys: { a: key(1), b: key(2) } });
    const old = await before.seal('x', 'y');
    const fresh = await after.seal('x', 'y');
    expect(after.current).toBe('b');
    expect(fresh.startsWith('b.')).toBe(true);
    expect(await after.open(old, 'y')).toBe('x');
    expect(await before.open(fresh, 'y')).toBeUndefined();
    expect([after.isOutdated(old), after.isOutdated(fresh), after.isOutdated('junk')]).toEqual([true, false, true]);
  });

  it('binds the id of the key: another name for the same key opens nothing', async () => {
    const sealed = await createSealer(one).seal('x', 'y');
    const renamed = createSealer({ current: 'c', keys: { c: key(1) } });
    expect(await renamed.open(`c${sealed.slice(1)}`, 'y')).toBeUndefined();
  });

  it('names the option that is wrong', () => {
    const short = { current: 'a', keys: { a: key(1, 31) } };
    expect(() => createSealer(short)).toThrow(/^encryptionKeys\.keys\.a: it must be exactly 32 bytes/);
    expect(() => createSealer(short, { option: 'vault.keys' })).toThrow(/^vault\.keys\.keys\.a: /);
  });
});

describe('parseKeyRing', () => {
  const parse = (ring: unknown) => parseKeyRing('keys', ring as KeyRing, { minBytes: 32, maxBytes: 64 });

  it('takes bytes or their base64url, of the shortest and the longest length, and copies them', () => {
    const given = key(1);
    const { current, keys } = parse({
      current: 'k_1',
      keys: { k_1: given, 'k-2': Buffer.from(key(2, 64)).toString('base64url') },
    });
    given.fill(0);
    expect(current).toBe('k_1');
    expect([...keys]).toEqual([
      ['k_1', key(1)],
      ['k-2', key(2, 64)],
    ]);
    expect(parse({ current: 'x'.repeat(32), keys: { ['x'.repeat(32)]: key(3) } }).keys.size).toBe(1);
  });

  it.each<[unknown, RegExp]>([
    [undefined, /^keys: give/],
    [null, /^keys: give/],
    ['k1', /^keys: give/],
    [{ current: 'a' }, /^keys: give/],
    [{ current: 'a', keys: null }, /^keys: give/],
    [{ current: 'a', keys: {} }, /^keys\.current: it names no key/],
    [{ current: 'b', keys: { a: key(1) } }, /^keys\.current: it names no key/],
    [{ current: '', keys: { '': key(1) } }, /^keys\.keys: name keys/],
    [{ current: 'a b', keys: { 'a b': key(1) } }, /^keys\.keys: name keys/],
    [{ current: 'a', keys: { ['x'.repeat(33)]: key(1) } }, /^keys\.keys: name keys/],
    [{ current: 'a', keys: { a: key(1, 31) } }, /^keys\.keys\.a: it must be 32 to 64 bytes/],
    [{ current: 'a', keys: { a: key(1, 65) } }, /^keys\.keys\.a: it must be/],
    [{ current: 'a', keys: { a: 'not base64url!' } }, /^keys\.keys\.a: it must be/],
    [{ current: 'a', keys: { a: [...key(1)] } }, /^keys\.keys\.a: it must be/],
    [{ current: 'a', keys: { a: new Uint8Array(32).fill(7) } }, /^keys\.keys\.a: it is not random/],
    [{ current: 'a', keys: { a: key(1), b: key(1) } }, /^keys\.keys: two ids have the same key/],
  ])('refuses %j', (ring, message) => {
    expect(() => parse(ring)).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: expect.stringMatching(message) as string }),
    );
  });
});
