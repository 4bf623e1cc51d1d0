import { expect } from 'vitest';
import { requirement } from '../../requirement.js';
import { type StorageCase, codeOf } from '../storage-case.js';
import { everyCall } from './every-call.js';

/** Point 7, and what the storage says of itself. */
export const outageCases: readonly StorageCase[] = [
  {
    id: 'outage.unavailable',
    title: `throws storage_unavailable from every call while the backend is down, and works again after it ${requirement('D3')}`,
    async run(context) {
      const { items, item, breakIt } = context;
      const record = item();
      const version = (await items.create(record)) ?? '';
      const mend = await breakIt();
      for (const [name, call] of Object.entries(everyCall(context, record, version)))
        expect([name, await codeOf(() => call())]).toEqual([name, 'storage_unavailable']);
      // Bad data is bad data, outage or not.
      expect(await codeOf(() => items.create(item({ id: '' })))).toBe('invalid_record');
      expect(await items.get('')).toBeUndefined();
      await mend();
      expect(await items.get(record.id)).toEqual({ record, version });
    },
  },
  {
    id: 'capabilities.stated',
    title: 'states its capabilities as the suite was told, and has a bus if it says so',
    run({ storage, capabilities }) {
      expect(storage.capabilities).toEqual(capabilities);
      expect(storage.bus !== undefined).toBe(capabilities.bus);
    },
  },
  {
    id: 'collection.same-records',
    title: 'gives the same records to two collections of one name',
    async run({ storage, items, item }) {
      const again = storage.collection<ReturnType<typeof item>>({
        name: 'conformance_items',
        indexes: ['owner', 'tenant'],
      });
      const record = item();
      const version = await again.create(record);
      expect(await items.get(record.id)).toEqual({ record, version });
    },
  },
  {
    id: 'collection.refuses-names',
    title: 'refuses a collection or index name that some database could not carry',
    async run({ storage }) {
      for (const name of ['', 'Users', 'a-b', 'a b', 'x"; --', 'a'.repeat(41), 'counters', 'migrations']) {
        expect(await codeOf(() => storage.collection({ name }))).toBe('invalid_option');
      }
      for (const indexes of [['a-b'], ['id'], ['a', 'A'], ['x"']]) {
        expect(await codeOf(() => storage.collection({ name: 'conformance_names', indexes: indexes as never[] }))).toBe(
          'invalid_option',
        );
      }
    },
  },
  {
    id: 'bus.delivers',
    title: 'brings a message, as it is, to every subscriber of its channel and to no other',
    async run({ storage: { bus }, capabilities, unique }) {
      expect(bus !== undefined).toBe(capabilities.bus);
      if (bus === undefined) return;
      const [channel, other] = [unique(), unique()];
      const text = `é😀 '"\\ {"json":true}\r\n${unique()}`;
      const heard: string[] = [];
      const misheard: string[] = [];
      const ends: (() => void)[] = [];
      const arrived = Promise.all(
        [1, 2].map(
          (ear) =>
            new Promise<void>((resolve, reject) => {
              const listen = async (): Promise<void> => {
                const message = (got: string): void => {
                  heard.push(`${ear}${got}`);
                  resolve();
                };
                ends.push(await bus.subscribe(channel, { message, lost: () => reject(new Error('lost')) }));
                ends.push(await bus.subscribe(other, { message: (got) => misheard.push(got), lost: () => undefined }));
                if (ends.length === 4) await bus.publish(channel, text);
              };
              listen().catch(reject);
            }),
        ),
      );
      await arrived;
      expect(heard.toSorted()).toEqual([`1${text}`, `2${text}`]);
      expect(misheard).toEqual([]);
      for (const end of ends) end();
      const last = new Promise<string>((resolve) => {
        void Promise.resolve(bus.subscribe(channel, { message: resolve, lost: () => undefined })).then(() =>
          bus.publish(channel, 'last'),
        );
      });
      expect(await last).toBe('last');
      expect(heard).toHaveLength(2);
    },
  },
];
