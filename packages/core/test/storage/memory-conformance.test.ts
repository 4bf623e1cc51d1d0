import { storageSuite, storageTestIds } from '@portcullis/conformance';
import { fakeClock } from '@portcullis-internal/testkit';
import { cached, createMemoryStorage } from '../../src/storage/index.js';

const noOutage = { reason: 'a map in this process has no outage', tests: ['outage.unavailable'] } as const;
const noWait = {
  reason: 'a map answers at once: nobody waits who could give up',
  tests: storageTestIds.filter((id) => id.startsWith('hang.')),
};
const oneProcess = {
  reason: 'a map is seen by one process, with one clock',
  tests: storageTestIds.filter((id) => id.startsWith('clocks.')),
};

const memoryClock = fakeClock();
storageSuite({
  name: 'createMemoryStorage',
  create: () => createMemoryStorage({ clock: memoryClock }),
  clock: memoryClock,
  advanceClock: (ms) => void memoryClock.advance(ms),
  capabilities: { shared: false, durable: false, bus: true },
  skip: [noOutage, noWait, oneProcess],
});

const cachedClock = fakeClock();
storageSuite({
  name: 'cached(createMemoryStorage)',
  create: () => cached(createMemoryStorage({ clock: cachedClock }), { ttl: 60_000, max: 50, clock: cachedClock }),
  clock: cachedClock,
  advanceClock: (ms) => void cachedClock.advance(ms),
  capabilities: { shared: false, durable: false, bus: true },
  skip: [noOutage, noWait, oneProcess],
});
