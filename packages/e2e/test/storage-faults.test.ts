import { canMount, requirement } from '@portcullis-internal/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { createFaultLoad, type FaultLoad } from './fault-load.js';
import { type Fault, type FaultServer, type FaultyStorage, faultKinds } from './fault-servers.js';
import { full } from './storages.js';

// What each fault may do to a request: refuse it as an outage, and nothing else.
const outage = new Set([200, 401, 503]);

describe.each(faultKinds)('API keys under load, on $name', (kind) => {
  let started: Promise<FaultServer | undefined> | undefined;
  const server = (): Promise<FaultServer | undefined> => (started ??= kind.start());

  afterAll(async () => (await started)?.stop());

  // The load goes on throughout, over one client, storage and guard.
  const through = async (
    name: string,
    broken: (server: FaultServer, load: FaultLoad, storage: FaultyStorage) => Promise<'skip' | undefined>,
    on: () => Promise<FaultServer | undefined> = server,
  ): Promise<'skip' | undefined> => {
    const running = await on();
    if (running === undefined) return 'skip';
    const opened = await running.open(name);
    const load = await createFaultLoad(opened.storage, opened.migrate);
    const stop = load.run();
    try {
      await load.until('succeeded', 20);
      if ((await broken(running, load, opened)) === 'skip') return 'skip';
      await load.recovered();
      await load.until('succeeded', 20);
    } finally {
      await stop();
    }
    expect(await load.faults()).toEqual([]);
    expect([...load.codes].filter((code) => code !== 'storage_unavailable')).toEqual([]);
    expect([...load.statuses].filter((status) => !outage.has(status))).toEqual([]);
    await opened.close();
    return undefined;
  };

  const during = async (fault: Fault, work: () => Promise<void>): Promise<void> => {
    const end = await fault();
    await work();
    await end();
  };

  const limits = { timeout: 60_000 };

  it(
    `are 503 while the server is killed, and all that was acknowledged is there after its restart ${requirement('C2', 'D3', 'K5')}`,
    limits,
    async (context) => {
      const done = await through('killed', async ({ service }, load) => {
        await service.crash();
        await load.until('failed', 20);
        expect(load.statuses).toContain(503);
        await service.restart();
        return undefined;
      });
      if (done === 'skip') context.skip();
    },
  );

  it(`survive connections that are reset before the answer is read ${requirement('D3')}`, limits, async (context) => {
    const done = await through('reset', async ({ proxy }, load) => {
      for (let round = 0; round < 5; round += 1) {
        const cut = new Promise<void>((resolve) => proxy.cutAtAnswer(resolve));
        await cut;
        await load.until('succeeded', 5);
      }
      return undefined;
    });
    if (done === 'skip') context.skip();
  });

  it(
    `are 503 while the network lets nothing through, and go on when it does ${requirement('C2', 'D3')}`,
    limits,
    async (context) => {
      const done = await through('frozen', async ({ proxy }, load) => {
        proxy.freeze();
        await load.until('failed', 6);
        expect(load.statuses).toContain(503);
        proxy.cut();
        proxy.mend();
        return undefined;
      });
      if (done === 'skip') context.skip();
    },
  );

  it('are answered over a slow network, and none waits longer than it was told to', limits, async (context) => {
    const done = await through('slow', async ({ proxy }, load) => {
      proxy.delay(15);
      await load.until('succeeded', 12);
      expect(load.codes.size).toBe(0);
      proxy.delay(2000);
      await load.until('failed', 6);
      expect(load.statuses).toContain(503);
      proxy.delay(0);
      proxy.cut();
      proxy.mend();
      return undefined;
    });
    if (done === 'skip') context.skip();
  });

  it(`are 503 while every connection of the pool is taken ${requirement('C2')}`, limits, async (context) => {
    const done = await through('exhausted', async (_server, load, { exhaust }) => {
      if (exhaust === undefined) return 'skip';
      await during(exhaust, async () => {
        await load.until('failed', 6);
        expect(load.statuses).toContain(503);
      });
      return undefined;
    });
    if (done === 'skip') context.skip();
  });

  it(
    `are read and never issued or revoked by a server that only reads ${requirement('D3')}`,
    limits,
    async (context) => {
      const done = await through('readonly', async ({ readOnly }, load) => {
        await during(readOnly, () => load.until('failed', 20));
        return undefined;
      });
      if (done === 'skip') context.skip();
    },
  );

  // On servers of their own, whose start takes longer than what they show. Only root can mount a small disk.
  const onItsOwn = async (
    name: string,
    broken: (server: FaultServer, load: FaultLoad) => Promise<undefined>,
    disk?: 'small disk',
  ): Promise<'skip' | undefined> => {
    const fresh = await kind.start(disk);
    try {
      return await through(name, broken, async () => fresh);
    } finally {
      await fresh?.stop();
    }
  };

  it.runIf(full && canMount())(
    `lose nothing that was acknowledged when the disk is full ${requirement('D3')}`,
    limits,
    async (context) => {
      const broken = async ({ fill }: FaultServer, load: FaultLoad): Promise<undefined> => {
        await during(fill, () => load.until('failed', 20));
      };
      if ((await onItsOwn('full', broken, 'small disk')) === 'skip') context.skip();
    },
  );

  it.runIf(full)(
    `are those of the replica after a failover that waited for it, without a new client ${requirement('D3', 'K5')}`,
    limits,
    async (context) => {
      const broken = async ({ failOver }: FaultServer): Promise<undefined> => failOver().then(() => undefined);
      if ((await onItsOwn('failover', broken)) === 'skip') context.skip();
    },
  );
});
