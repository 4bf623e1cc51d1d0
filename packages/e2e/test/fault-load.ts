import { type ApiKeys, createApiKeys } from '@portcullis/api-key';
import { type AuthRequest, createGuard, createPolicy, type Storage } from '@portcullis/core';

/** A service whose keys are made, used and revoked all the time, and the account of what it was told. */
export interface FaultLoad {
  /** The status that the guard gives a request with this key; 200 when it lets it through. */
  ask(key: string): Promise<number>;
  /** Begins to make, use and revoke keys, without a pause, until the function returned is called. */
  run(): () => Promise<void>;
  /** Resolves when so many more calls have succeeded, or failed, than now. */
  until(what: 'succeeded' | 'failed', count: number): Promise<void>;
  /** Asks with a key that lives until the guard lets it through and a write succeeds: without a new client, storage or guard. */
  recovered(): Promise<void>;
  /** What was against a promise; empty when all were kept. Asks with every key there was. */
  faults(): Promise<readonly string[]>;
  /** What was lost as `mayLose` allows. */
  readonly lost: ReadonlySet<string>;
  /** The codes of all errors that calls threw. */
  readonly codes: ReadonlySet<string>;
  /** Every status that the guard gave. */
  readonly statuses: ReadonlySet<number>;
  readonly keys: ApiKeys<'live' | 'test'>;
}

const workers = 6;

const requestWith = (key: string): AuthRequest => {
  const values = (name: string): readonly string[] => (name === 'x-api-key' ? [key] : []);
  return {
    method: 'GET',
    url: '/',
    ip: undefined,
    header: (name) => values(name.toLowerCase())[0],
    headerValues: (name) => values(name.toLowerCase()),
  };
};

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : `not coded: ${String(error)}`;

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** What a storage does not promise. */
export interface FaultAllowance {
  /** Whether a write that was acknowledged then, by `performance.now`, may be lost. Default: none may. */
  readonly mayLose?: (acknowledgedAt: number) => boolean;
}

/** The load on one storage. `migrate` is called once the features have named their collections. */
export async function createFaultLoad(
  storage: Storage,
  migrate: () => PromiseLike<void>,
  { mayLose = () => false }: FaultAllowance = {},
): Promise<FaultLoad> {
  const keys = createApiKeys({ storage, brand: 'acme', defaultScopes: 'unlimited', lastUsed: false });
  const guard = createGuard({
    authenticators: [keys.authenticator()],
    policy: createPolicy({ permissions: ['posts:read'], roles: { reader: ['posts:read'] } }),
    roles: () => ['reader'],
  });
  await migrate();

  // By the time at which it was acknowledged.
  const living = new Map<string, number>();
  const revoked = new Map<string, number>();
  const lost = new Set<string>();
  const wrong = new Set<string>();
  const codes = new Set<string>();
  const statuses = new Set<number>();
  const counts = { succeeded: 0, failed: 0 };

  const ask = async (key: string): Promise<number> => {
    const decision = await guard.check(requestWith(key), { kind: 'authenticated' });
    const status = decision.allowed ? 200 : decision.outcome.status;
    statuses.add(status);
    return status;
  };

  // What was acknowledged is kept account of; what failed may have been made or not.
  const write = async <R>(work: () => PromiseLike<R>): Promise<R | undefined> => {
    try {
      const result = await work();
      counts.succeeded += 1;
      return result;
    } catch (error) {
      codes.add(codeOf(error));
      counts.failed += 1;
      return undefined;
    }
  };

  const issue = async (): Promise<{ readonly id: string; readonly text: string } | undefined> => {
    const issued = await write(() => keys.create({ owner: 'ada' }));
    if (issued === undefined) return undefined;
    const text = issued.key.reveal();
    living.set(text, performance.now());
    return { id: issued.record.id, text };
  };

  const fault = (acknowledgedAt: number | undefined, what: string): void => {
    if (acknowledgedAt !== undefined && mayLose(acknowledgedAt)) lost.add(what);
    else wrong.add(what);
  };

  const expectLiving = async (text: string): Promise<void> => {
    const status = await ask(text);
    if (status !== 200 && status !== 503) fault(living.get(text), `a living key got ${status}`);
  };
  const expectRevoked = async (text: string): Promise<void> => {
    const status = await ask(text);
    if (status !== 401 && status !== 503) fault(revoked.get(text), `a revoked key got ${status}`);
  };

  const work = async (running: () => boolean): Promise<void> => {
    const [stays] = living.keys();
    while (running()) {
      const key = await issue();
      if (stays !== undefined) await expectLiving(stays);
      if (key !== undefined) {
        await expectLiving(key.text);
        living.delete(key.text);
        if ((await write(() => keys.revoke(key.id, { reason: 'load' }))) !== undefined) {
          revoked.set(key.text, performance.now());
          await expectRevoked(key.text);
        }
      }
      const kept = await issue();
      if (kept !== undefined) await expectLiving(kept.text);
      await turn();
    }
  };

  // The first is there before anything breaks.
  await issue();

  return {
    ask,
    lost,
    codes,
    statuses,
    keys,
    run() {
      let running = true;
      const all = Promise.all(Array.from({ length: workers }, () => work(() => running)));
      return async () => {
        running = false;
        await all;
      };
    },
    async until(what, count) {
      const wanted = counts[what] + count;
      while (counts[what] < wanted) await turn();
    },
    async recovered() {
      const [first = ''] = living.keys();
      while ((await ask(first)) !== 200) await turn();
      while ((await issue()) === undefined) await turn();
    },
    async faults() {
      for (const [text, at] of living) {
        const status = await ask(text);
        if (status !== 200) fault(at, `an acknowledged key is lost: ${status}`);
      }
      for (const [text, at] of revoked) {
        const status = await ask(text);
        if (status !== 401) fault(at, `an acknowledged revocation is lost: ${status}`);
      }
      if (living.size < 2 || revoked.size === 0) wrong.add('nothing was made or revoked: the load proves nothing');
      return [...wrong];
    },
  };
}
