import { expect } from 'vitest';
import { requirement } from '../../requirement.js';
import { type ConformanceItem, type StorageCase, codeOf, listAll } from '../storage-case.js';

// Each is a lawful id. Some database, driver or hand-written query has mistaken each for something else.
const hostileKeys: readonly string[] = [
  "' OR '1'='1",
  "'; DROP TABLE conformance_items; --",
  '" OR ""="',
  '`id`',
  '\\',
  "\\' OR 1=1 -- ",
  '%',
  '_',
  '*',
  '?',
  '[a-z]',
  '{tag}',
  'a:b',
  'a}b{c',
  '$where',
  '{"$gt":""}',
  '$1',
  ':id',
  '@id',
  '\r\nFLUSHALL\r\n',
  '*1\r\n$8\r\nFLUSHALL\r\n',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'null',
  'undefined',
  'true',
  '0',
  '00',
  '1e1',
  '10',
  '0x10',
  'NaN',
  ' ',
  'x',
  'x ',
  ' x',
  'X',
  'x\t',
  'x\n',
  'é',
  'e\u0301',
  'É',
  'ß',
  'ss',
  'ı',
  'İ',
  '\u200b',
  '\ufeff',
  '\ufffd',
  '\uffff',
  '😀',
  '😁',
  '\u{10ffff}',
  '../../etc/passwd',
  'a'.repeat(255),
  '€'.repeat(85),
  '😀'.repeat(63),
];

const impossibleKeys: readonly unknown[] = [
  '',
  '\0',
  'a\0b',
  '\ud800',
  'a\udc00',
  '\udc00\ud800',
  'a'.repeat(256),
  '€'.repeat(86),
  '😀'.repeat(64),
  0,
  1,
  Number.NaN,
  10n,
  null,
  undefined,
  true,
  ['x'],
  { id: 'x' },
  { $gt: '' },
  Buffer.from('x'),
  Object('x'),
];

/** Point 6: ids and index values are data, and what cannot be one is absent. */
export const keyCases: readonly StorageCase[] = [
  {
    id: 'keys.hostile-ids',
    title: `keeps ids with metacharacters, in any case and script, with spaces at the ends, apart and as they are ${requirement('D4')}`,
    async run({ items, item, unique }) {
      const prefix = unique();
      const long = (key: string): string =>
        Buffer.byteLength(key) > 200 ? key : `${key}${prefix}${key}`.slice(0, 250);
      const ids = [...new Set([...hostileKeys.map(long), ...hostileKeys])].filter((id) => Buffer.byteLength(id) <= 255);
      for (const id of ids) expect([id, typeof (await items.create(item({ id, data: id })))]).toEqual([id, 'string']);
      for (const id of ids) expect((await items.get(id))?.record.data).toBe(id);
      for (const id of ids) {
        expect((await items.take(id))?.data).toBe(id);
        expect(await items.get(id)).toBeUndefined();
      }
    },
  },
  {
    id: 'keys.hostile-values',
    title: `lists and deletes by such an index value exactly its own records: no pattern, no other case, no other tenant ${requirement('D5')}`,
    async run({ items, item, unique }) {
      const run = unique();
      const records = hostileKeys.map((tenant, index) => item({ tenant, owner: run, createdAt: index }));
      for (const record of records) await items.create(record);
      for (const record of records) expect(await listAll(items, 'tenant', record.tenant ?? '')).toEqual([record]);
      for (const [index, record] of records.entries()) {
        expect(await items.deleteWhere('tenant', record.tenant ?? '')).toBe(1);
        expect(await listAll(items, 'owner', run)).toHaveLength(records.length - index - 1);
      }
    },
  },
  {
    id: 'keys.impossible',
    title: 'answers absent to a read of what cannot be an id, and throws misuse to a create of it',
    async run({ items, item }) {
      // What a number, an array or U+FFFD would be taken for.
      const decoys = [
        '0',
        '1',
        '10',
        'x',
        '\ufffd',
        'a\ufffd',
        'null',
        'undefined',
        'true',
        'NaN',
        'a',
        '[object Object]',
      ].map((id) => item({ id }));
      for (const decoy of decoys) await items.create(decoy);
      for (const key of impossibleKeys as readonly string[]) {
        expect(await items.get(key)).toBeUndefined();
        expect(await items.take(key)).toBeUndefined();
        expect(await items.delete(key)).toBe(false);
        expect((await items.list({ index: 'owner', value: key, limit: 1 })).items).toEqual([]);
        expect(await items.deleteWhere('owner', key)).toBe(0);
        expect(await codeOf(() => items.create({ ...item(), id: key } as ConformanceItem))).toBe('invalid_record');
      }
      for (const decoy of decoys) expect((await items.take(decoy.id))?.id).toBe(decoy.id);
    },
  },
];
