import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonical, createTally } from '../src/tally.js';

const record = (id: string, more: object = {}): { id: string; createdAt: number } => ({ id, createdAt: 1, ...more });

describe('createTally', () => {
  it('does not depend on order, neither of records nor of fields', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string(), { minLength: 1 }),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (ids, data) => {
          const reversed = Object.fromEntries(Object.entries(data).reverse());
          const [one, other] = [createTally(0), createTally(0)];
          for (const id of ids) one.add(record(id, { data }));
          for (const id of ids.toReversed()) other.add(record(id, { data: reversed }));
          expect(one.total()).toEqual(other.total());
        },
      ),
    );
  });

  it('tells a change of any field, a loss, and one that is there twice', () => {
    const totalOf = (...records: readonly { id: string; createdAt: number }[]): unknown => {
      const tally = createTally(0);
      for (const each of records) tally.add(each);
      return tally.total().digest;
    };
    const all = [
      [record('a'), record('b')],
      [record('a')],
      [record('a'), record('a')],
      [record('a'), record('a'), record('b')],
      [record('a', { touchedAt: 2 }), record('b')],
      [record('a', { expiresAt: 2 }), record('b')],
      [record('a', { data: [1, 2] }), record('b')],
      [record('a', { data: [2, 1] }), record('b')],
    ];
    expect(new Set(all.map((records) => totalOf(...records))).size).toBe(all.length);
  });

  it('gives the total of what lives after a time', () => {
    const [all, some] = [createTally(0), createTally(0)];
    for (const each of [record('a'), record('c', { expiresAt: 99_000 })]) {
      all.add(each);
      some.add(each);
    }
    all.add(record('b', { expiresAt: 5000 }));
    expect(all.total(5000)).toEqual(some.total());
    expect(all.total(4999).records).toBe(3);
  });
});

describe('canonical', () => {
  it('leaves out what is undefined, and keeps what JSON keeps', () => {
    expect(canonical({ b: [null, 1.5, { d: 'x', c: true }], a: undefined })).toBe(
      '{"b":[null,1.5,{"c":true,"d":"x"}]}',
    );
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
