import { createMemoryStorage, type HeaderField } from '@portcullis/core';
import { fakeClock, requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import type { NewApiKey, VerifyResult } from '../src/index.js';
import { asyncStorage, type Options, request, type Setup, setup } from './support.js';

const minute = 60_000;
const hour = 60 * minute;

async function limited(
  input: Omit<NewApiKey<'live' | 'test'>, 'owner'>,
  options: Options = {},
): Promise<Setup & { use: (cost?: number) => Promise<VerifyResult> }> {
  const made = setup(options);
  const { key } = await made.keys.create({ owner: 'ada', ...input });
  return { ...made, use: async (cost) => made.keys.verify(key.reveal(), { cost }) };
}

const fieldsOf = (headers: readonly HeaderField[] | undefined): Record<string, string> =>
  Object.fromEntries(headers ?? []);

describe('rate limit', () => {
  it(`answers 429 quota-exceeded with Retry-After and RateLimit fields, not to be stored ${requirement('L3', 'L4', 'L5', 'L6', 'L7', 'L8')}`, async () => {
    const { use, clock, events } = await limited({ rateLimit: { limit: 60, windowMs: minute, burst: 2 } });
    const first = await use();
    expect(first.outcome === 'verified' && fieldsOf(first.headers)).toEqual({
      'ratelimit-policy': '"rate";q=60;w=60',
      ratelimit: '"rate";r=1;t=1',
    });
    await use();
    const refused = await use();
    if (refused.outcome !== 'limited') throw new Error(refused.outcome);
    const { status, code, type, extensions, headers } = refused.denial;
    expect({ status, code, type, extensions }).toEqual({
      status: 429,
      code: 'rate_limited',
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      extensions: { 'violated-policies': ['rate'] },
    });
    expect(fieldsOf(headers)).toEqual({
      'ratelimit-policy': '"rate";q=60;w=60',
      ratelimit: '"rate";r=0;t=1',
      'retry-after': '1',
      'cache-control': 'no-store',
    });
    expect(events.at(-1)).toMatchObject({ type: 'api_key.limited', policies: ['rate'] });
    clock.advance(refused.retryAfterSeconds * 1000);
    expect(await use()).toMatchObject({ outcome: 'verified' });
  });

  it('puts the fields on the response of a success too', async () => {
    const { keys } = setup();
    const { key } = await keys.create({ owner: 'ada', rateLimit: { limit: 10, windowMs: minute } });
    const plain = await keys.create({ owner: 'ada' });
    const authenticator = keys.authenticator();
    expect(await authenticator.authenticate(request([['x-api-key', key.reveal()]]))).toMatchObject({
      headers: [
        ['ratelimit-policy', '"rate";q=10;w=60'],
        ['ratelimit', '"rate";r=9;t=6'],
      ],
    });
    expect(await authenticator.authenticate(request([['x-api-key', plain.key.reveal()]]))).toMatchObject({
      headers: [],
    });
  });

  it("is the key's own: whoever knows only its id uses nothing of it, and a rotation gives no fresh one", async () => {
    const { keys, clock } = setup();
    const { key, record } = await keys.create({ owner: 'ada', rateLimit: { limit: 2, windowMs: minute } });
    const stranger = `${key.reveal().slice(0, -1)}_`;
    for (let i = 0; i < 10; i++) await keys.verify(stranger);
    expect(await keys.verify(key.reveal())).toMatchObject({ outcome: 'verified' });
    const next = await keys.rotate(record.id, { graceMs: hour });
    expect(await keys.verify(next.key.reveal())).toMatchObject({ outcome: 'verified' });
    expect(await keys.verify(next.key.reveal())).toMatchObject({ outcome: 'limited' });
    expect(await keys.verify(key.reveal())).toMatchObject({ outcome: 'limited' });
    clock.advance(minute);
    expect(await keys.verify(key.reveal())).toMatchObject({ outcome: 'verified' });
  });
});

describe('quota', () => {
  it('is spent by what each call costs', async () => {
    const { use } = await limited({ quota: { limit: 10 } });
    expect(await use(4)).toMatchObject({ outcome: 'verified' });
    expect(await use(0)).toMatchObject({ outcome: 'verified' });
    expect(await use(7)).toMatchObject({ outcome: 'limited' });
    expect(await use(6)).toMatchObject({ outcome: 'verified' });
    expect(await use()).toMatchObject({ outcome: 'limited' });
    await expect(use(-1)).rejects.toThrow(expect.objectContaining({ code: 'invalid_option' }));
    await expect(use(0.5)).rejects.toThrow(expect.objectContaining({ code: 'invalid_option' }));
  });

  it('never comes back without a refill', async () => {
    const { use, clock } = await limited({ quota: { limit: 1 } });
    await use();
    clock.advance(10 * 365 * 24 * hour);
    expect(await use()).toMatchObject({ outcome: 'limited' });
  });

  it('comes back at once when the whole is refilled, and evenly when a part is', async () => {
    const whole = await limited({ quota: { limit: 4, refill: { amount: 4, everyMs: hour } } });
    await whole.use(4);
    whole.clock.advance(hour - 1);
    expect(await whole.use()).toMatchObject({ outcome: 'limited', retryAfterSeconds: 1 });
    whole.clock.advance(1);
    expect(await whole.use(4)).toMatchObject({ outcome: 'verified' });

    const part = await limited({ quota: { limit: 4, refill: { amount: 1, everyMs: hour } } });
    await part.use(4);
    part.clock.advance(hour - 1);
    expect(await part.use()).toMatchObject({ outcome: 'limited' });
    part.clock.advance(1);
    expect(await part.use()).toMatchObject({ outcome: 'verified' });
    part.clock.advance(100 * hour);
    expect(await part.use(5)).toMatchObject({ outcome: 'limited' });
    expect(await part.use(4)).toMatchObject({ outcome: 'verified' });
  });

  it('is not used by a call that was too fast, and Retry-After is late enough for both', async () => {
    const { use, clock } = await limited({
      rateLimit: { limit: 1, windowMs: 1000 },
      quota: { limit: 2, refill: { amount: 2, everyMs: hour } },
    });
    await use();
    for (let i = 0; i < 5; i++) expect(await use()).toMatchObject({ outcome: 'limited', retryAfterSeconds: 1 });
    clock.advance(1000);
    expect(await use()).toMatchObject({
      outcome: 'verified',
      headers: [
        ['ratelimit-policy', '"rate";q=1;w=1, "quota";q=2;w=3600'],
        ['ratelimit', '"rate";r=0;t=1, "quota";r=0;t=3599'],
      ],
    });
    const both = await use();
    expect(both).toMatchObject({ outcome: 'limited', retryAfterSeconds: 3599 });
  });

  it('takes the cost of a request from the application', async () => {
    const { keys } = setup();
    const { key } = await keys.create({ owner: 'ada', quota: { limit: 10 } });
    const authenticator = keys.authenticator({ cost: ({ method }) => (method === 'POST' ? 6 : 1) });
    const send = async (method: string): Promise<string> =>
      (await authenticator.authenticate({ ...request([['x-api-key', key.reveal()]]), method })).outcome;
    expect([await send('POST'), await send('GET'), await send('POST'), await send('GET')]).toEqual([
      'authenticated',
      'authenticated',
      'rejected',
      'authenticated',
    ]);
  });
});

describe('buffered quota', () => {
  const buffered = { quota: { limit: 100, refill: { amount: 100, everyMs: hour }, buffered: true } };

  it('asks the counter once, then counts here, and writes the sum with a flush', async () => {
    const { storage, calls } = asyncStorage(createMemoryStorage({ clock: fakeClock() }));
    const { use, keys } = await limited(buffered, { storage, lastUsed: false });
    calls.length = 0;
    for (let i = 0; i < 40; i++) expect(await use(2)).toMatchObject({ outcome: 'verified' });
    expect(calls.filter((call) => call === 'consume')).toHaveLength(1);
    await keys.flush();
    expect(calls.filter((call) => call === 'consume')).toHaveLength(2);
    // Nothing is pending any more: the next flush forgets the key, the one after it has nothing to do.
    await keys.flush();
    await keys.flush();
    expect(calls.filter((call) => call === 'consume')).toHaveLength(2);
    expect(await use(21)).toMatchObject({ outcome: 'limited' });
    expect(await use(20)).toMatchObject({ outcome: 'verified' });
    expect(await use(1)).toMatchObject({ outcome: 'limited' });
  });

  it('lets nothing through past the quota in one process, however calls and flushes fall', async () => {
    const { storage } = asyncStorage(createMemoryStorage({ clock: fakeClock() }));
    const { use, keys } = await limited(buffered, { storage });
    const results: Promise<VerifyResult>[] = [];
    for (let i = 0; i < 150; i++) {
      results.push(use(1));
      if (i % 7 === 0) void keys.flush();
      if (i % 3 === 0) await Promise.resolve();
    }
    const allowed = (await Promise.all(results)).filter(({ outcome }) => outcome === 'verified').length;
    expect(allowed).toBeLessThanOrEqual(100);
    expect(allowed).toBeGreaterThan(90);
    await keys.close();
  });

  it('learns with the next flush what other processes have used', async () => {
    const storage = createMemoryStorage({ clock: fakeClock() });
    const here = await limited(buffered, { storage });
    const { key } = await here.keys.create({ owner: 'ada', ...buffered });
    const there = setup({ storage });
    const use = ({ keys }: Setup, cost: number): unknown => keys.verify(key.reveal(), { cost });
    use(here, 10);
    expect(use(there, 80)).toMatchObject({ outcome: 'verified' });
    // Known here to be left: 90.
    expect(use(here, 30)).toMatchObject({ outcome: 'verified' });
    await here.keys.flush();
    expect(use(here, 1)).toMatchObject({ outcome: 'limited' });
  });

  it('keeps what could not be written, and says so', async () => {
    const inner = createMemoryStorage({ clock: fakeClock() });
    let broken = false;
    const storage = {
      ...inner,
      counters: {
        ...inner.counters,
        consume: (...call: Parameters<typeof inner.counters.consume>) => {
          if (broken) throw new Error('down');
          return inner.counters.consume(...call);
        },
      },
    };
    const { use, keys } = await limited(buffered, { storage });
    await use(10);
    await use(50);
    broken = true;
    await expect(keys.flush()).rejects.toThrow('down');
    // Nothing is known to be left while the counter cannot be asked.
    await expect(use(60)).rejects.toThrow('down');
    broken = false;
    await keys.flush();
    expect(await use(41)).toMatchObject({ outcome: 'limited' });
    expect(await use(40)).toMatchObject({ outcome: 'verified' });
  });
});
