import { StorageUnavailableError, recordData, unpackRecord, type StoredRecord } from '@portcullis/core/storage';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const time = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const version = fc.stringMatching(/^[\w-]{22}$/);
const word = (ms: number | undefined): string => (ms === undefined ? '' : String(ms));

/** As the SQL of every adapter puts it together. */
function pack(record: StoredRecord, of: string): string {
  const { createdAt, touchedAt, expiresAt } = record;
  return `${of} ${createdAt} ${word(touchedAt)} ${word(expiresAt)} ${recordData(record)}`;
}

describe('unpackRecord', () => {
  it('gives back every record that was packed, whatever its text', () => {
    const record = fc.record(
      {
        id: fc.string({ minLength: 1 }),
        createdAt: time,
        touchedAt: time,
        expiresAt: time,
        name: fc.string({ unit: 'binary' }),
        nested: fc.jsonValue({ maxDepth: 2 }),
      },
      { requiredKeys: ['id', 'createdAt', 'name'] },
    );
    fc.assert(
      fc.property(record, version, (given, of) => {
        const kept = JSON.parse(JSON.stringify(given)) as StoredRecord;
        expect(unpackRecord(kept.id, pack(kept, of))).toEqual({ record: kept, version: of });
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['data alone', '{"name":"x"}'],
    ['no time of creation', 'v    {"name":"x"}'],
    ['a time that is none', 'v soon   {"name":"x"}'],
    ['an expiry that is none', 'v 1  never {"name":"x"}'],
    ['a time that is no safe integer', 'v 9007199254740993   {"name":"x"}'],
    ['data that is cut off', 'v 1   {"name":"x'],
    ['data that is a list', 'v 1   [1]'],
    ['data that is null', 'v 1   null'],
  ])('takes %s for an outage, and never for an absent record', (_what, packed) => {
    expect(() => unpackRecord('id', packed)).toThrow(StorageUnavailableError);
  });
});
