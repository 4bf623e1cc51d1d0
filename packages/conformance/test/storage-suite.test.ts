import { describe, expect, it } from 'vitest';
import { type StorageSuiteOptions, type StorageTestId, storageSuite, storageTestIds } from '../src/index.js';
import { storageGroups } from '../src/storage/storage-groups.js';

const options: StorageSuiteOptions = {
  name: 'unused',
  create: () => {
    throw new Error('unused');
  },
  clock: () => 0,
  advanceClock: () => undefined,
  capabilities: { shared: false, durable: false, bus: false },
};

describe('storageSuite', () => {
  it('has one case for each published id, and no other', () => {
    const ids = Object.values(storageGroups).flatMap((cases) => cases.map(({ id }) => id));
    expect(ids.toSorted()).toEqual([...storageTestIds].toSorted());
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('refuses a skip without a reason, or of a test that there is not', () => {
    const skip = (reason: string, test: string) => (): void =>
      storageSuite({ ...options, skip: [{ reason, tests: [test as StorageTestId] }] });
    expect(skip(' ', 'get.absent')).toThrow(TypeError);
    expect(skip('todo', 'get.absent')).toThrow(/say in a sentence/);
    expect(skip('the backend has no such thing', 'get.nothing')).toThrow(/no test "get.nothing"/);
  });
});
