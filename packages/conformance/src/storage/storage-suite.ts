import type { Clock, CollectionDefinition, MaybePromise, Storage, StorageCapabilities } from '@portcullis/core/storage';
import { afterAll, beforeAll, describe, it } from 'vitest';
import {
  type ConformanceItem,
  type StorageContext,
  type StorageSuiteScale,
  conformanceCollections,
} from './storage-case.js';
import { storageGroups } from './storage-groups.js';
import { type StorageTestId, storageTestIds } from './storage-test-ids.js';

/** Tests that a storage cannot pass, and why. */
export interface StorageSkip {
  /** A sentence that a user of the storage would understand; it is printed with each skipped test. */
  readonly reason: string;
  readonly tests: readonly StorageTestId[];
}

/** The storage under test. */
export interface StorageSuiteOptions {
  /** What the tests are listed under. */
  readonly name: string;
  /** Makes an empty storage that uses `clock`, migrated for these collections. Called once. */
  create(collections: readonly CollectionDefinition<ConformanceItem>[]): MaybePromise<Storage>;
  /** The clock that the storage was given. */
  readonly clock: Clock;
  /** Moves that clock forward. */
  advanceClock(ms: number): void;
  /** What the storage should say of itself. */
  readonly capabilities: StorageCapabilities;
  /** Makes every call to the backend fail until the function it gives is called. Without it, skip `outage.unavailable` with a reason. */
  readonly breakIt?: (storage: Storage) => MaybePromise<() => MaybePromise<void>>;
  /**
   * Keeps back every answer of the backend, late answers included, until the function it gives is called: by a proxy before a server, say. The
   * storage's own timeout must be a second at least. Without it, skip the tests that begin with `hang.` with a reason.
   */
  readonly hang?: (storage: Storage) => MaybePromise<() => MaybePromise<void>>;
  /**
   * Makes another storage over the same records, as a process with the clock `clock` has it; `destroy` ends what it opens. Without it,
   * skip the tests that begin with `clocks.` with a reason.
   */
  readonly another?: (clock: Clock) => MaybePromise<Storage>;
  /** Called at the end, after the storage's own `close`. */
  readonly destroy?: () => MaybePromise<void>;
  readonly skip?: readonly StorageSkip[];
  readonly scale?: StorageSuiteScale;
}

/**
 * Declares, in the vitest file that calls it, a test for every statement of the storage contract.
 *
 * One storage serves all tests; each uses ids of its own. Nothing sleeps and nothing is tried again: the clock is the one given.
 *
 * @throws TypeError when a skip has no reason or names a test that there is not
 */
export function storageSuite(options: StorageSuiteOptions): void {
  const skipped = readSkips(options.skip ?? []);

  // oxlint-disable-next-line vitest/valid-title -- named by the adapter
  describe(options.name, () => {
    let context: StorageContext | undefined;
    let storage: Storage | undefined;

    beforeAll(async () => {
      storage = await options.create(conformanceCollections);
      context = createContext(storage, options);
    });

    afterAll(async () => {
      await storage?.close?.();
      await options.destroy?.();
    });

    for (const [group, cases] of Object.entries(storageGroups)) {
      // oxlint-disable-next-line vitest/valid-title -- titles are data
      describe(group, () => {
        for (const { id, title, run } of cases) {
          const reason = skipped.get(id);
          // oxlint-disable-next-line vitest/no-conditional-tests -- which tests there are is the adapter's own statement
          if (reason !== undefined) {
            // oxlint-disable-next-line vitest/no-disabled-tests, vitest/valid-title -- a gap that the adapter gave a reason for
            it.skip(`${title} [${id}] (skipped: ${reason})`, () => undefined);
            continue;
          }
          // oxlint-disable-next-line vitest/expect-expect, vitest/valid-title -- the case expects
          it(`${title} [${id}]`, { timeout: 60_000 }, async () => {
            if (context === undefined) throw new Error('The storage was not created.');
            await run(context);
          });
        }
      });
    }
  });
}

function createContext(storage: Storage, options: StorageSuiteOptions): StorageContext {
  const collection = (name: string) =>
    storage.collection<ConformanceItem>({
      name,
      indexes: name === 'conformance_items' ? ['owner', 'tenant'] : ['owner'],
    });
  let count = 0;
  const unique = (): string => `t${(count += 1)}`;

  return {
    storage,
    items: collection('conformance_items'),
    collection,
    now: options.clock,
    advance: (ms) => options.advanceClock(ms),
    capabilities: options.capabilities,
    scale: { members: 2000, increments: 10_000, modelRuns: 60, ...options.scale },
    async another(clock) {
      if (options.another === undefined) throw new Error('Give storageSuite another, or skip clocks.* with a reason.');
      return options.another(clock);
    },
    async breakIt() {
      if (options.breakIt === undefined)
        throw new Error('Give storageSuite breakIt, or skip outage.unavailable with a reason.');
      const mend = await options.breakIt(storage);
      return async () => mend();
    },
    async hang() {
      if (options.hang === undefined) throw new Error('Give storageSuite hang, or skip hang.* with a reason.');
      const resume = await options.hang(storage);
      return async () => resume();
    },
    unique,
    item: (fields) => ({ id: unique(), owner: unique(), createdAt: options.clock(), ...fields }),
  };
}

function readSkips(skips: readonly StorageSkip[]): ReadonlyMap<string, string> {
  const known: ReadonlySet<string> = new Set(storageTestIds);
  const reasons = new Map<string, string>();
  for (const { reason, tests } of skips) {
    if (reason.trim().split(/\s+/).length < 3)
      throw new TypeError(`skip: say in a sentence why ${tests.join(', ')} cannot pass.`);
    for (const test of tests) {
      if (!known.has(test)) throw new TypeError(`skip: there is no test "${test}". See storageTestIds.`);
      reasons.set(test, reason);
    }
  }
  return reasons;
}
