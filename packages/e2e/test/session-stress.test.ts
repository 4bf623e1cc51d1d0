import type { AuthRequest, Exchange } from '@portcullis/core';
import { createSessions, type SessionRecord, sessionCollection } from '@portcullis/session';
import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { full, storages } from './storages.js';

const users = 200;
// Each user acts so often; in a full run for half a minute.
const turns = full ? Number.POSITIVE_INFINITY : 15;
const runMs = full ? 30_000 : 60_000;

interface Client {
  cookie: string | undefined;
  readonly name: string;
}

function exchangeOf(client: Client): Exchange {
  const fields = (name: string): readonly string[] => {
    if (name === 'sec-fetch-site') return ['same-origin'];
    return name === 'cookie' && client.cookie !== undefined ? [`__Host-sid=${client.cookie}`] : [];
  };
  const request: AuthRequest = {
    method: 'POST',
    url: '/',
    ip: '192.0.2.1',
    header: (name) => fields(name)[0],
    headerValues: fields,
  };
  return {
    request,
    response: {
      append(name, value) {
        if (name !== 'set-cookie') return;
        const text = /^__Host-sid=([^;]*)/.exec(value)?.[1];
        client.cookie = text === '' ? undefined : text;
      },
    },
  };
}

/** A repeatable choice, so that a failure can be run again. */
function chooser(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
}

describe.each(storages)('sessions of many users at once, on $name', ({ open }) => {
  it(`loses no update, accepts nothing after an acknowledged end, and stores exactly the live sessions ${requirement('S4', 'S24', 'D6')}`, {
    timeout: 120_000,
  }, async (context) => {
    const opened = await open();
    if (opened === undefined) return context.skip();
    const { storage, migrate, close } = opened;
    const sessions = createSessions<{ count: number }>({
      storage,
      csrf: { origins: ['https://app.example.org'] },
      initialData: () => ({ count: 0 }),
    });
    await migrate();
    const until = Date.now() + runMs;
    const faults: string[] = [];
    /** Updates acknowledged, by session. */
    const written = new Map<string, number>();

    async function live(user: string): Promise<void> {
      const choose = chooser(Number(user.slice(5)) + 1);
      const devices: Client[] = [
        { cookie: undefined, name: user },
        { cookie: undefined, name: user },
      ];
      for (let turn = 0; turn < turns && Date.now() < until; turn++) {
        const device = devices[choose(2)] as Client;
        const exchange = exchangeOf(device);
        const session = await sessions.read(exchange.request);
        if (session === undefined) {
          const { id } = await sessions.signIn(exchange, { user });
          written.set(id, 0);
          continue;
        }
        switch (choose(8)) {
          case 0: {
            const stolen = device.cookie;
            await sessions.signOut(exchange);
            if ((await sessions.read(exchangeOf({ ...device, cookie: stolen }).request)) !== undefined)
              faults.push(`${user}: read after sign-out`);
            break;
          }
          case 1:
            await sessions.renew(exchange);
            break;
          case 2: {
            await sessions.revokeOthers(exchange.request);
            const other = devices[1 - devices.indexOf(device)] as Client;
            if ((await sessions.read(exchangeOf(other).request)) !== undefined)
              faults.push(`${user}: other device read after revokeOthers`);
            break;
          }
          case 3: {
            await sessions.revokeAll(user);
            for (const each of devices) {
              if ((await sessions.read(exchangeOf(each).request)) !== undefined)
                faults.push(`${user}: read after revokeAll`);
            }
            break;
          }
          default: {
            const results = await Promise.all(
              [1, 2, 3].map(() => sessions.update(exchange.request, ({ count }) => ({ count: count + 1 }))),
            );
            written.set(session.id, (written.get(session.id) ?? 0) + results.length);
            const now = await sessions.read(exchange.request);
            if (now?.data.count !== written.get(session.id))
              faults.push(`${user}: ${now?.data.count} instead of ${written.get(session.id)}`);
          }
        }
      }
    }
    await Promise.all(Array.from({ length: users }, (_, i) => live(`user-${i}`)));
    expect(faults).toEqual([]);

    const records = storage.collection<SessionRecord>(sessionCollection);
    await records.deleteExpired(10_000);
    const stored = new Set<string>();
    let cursor: string | undefined;
    do {
      const page = await records.scan({ limit: 1000, ...(cursor !== undefined && { cursor }) });
      for (const { record } of page.items) stored.add(record.id);
      cursor = page.cursor;
    } while (cursor !== undefined);
    const listed = new Set<string>();
    for (let i = 0; i < users; i++) for (const { id } of (await sessions.list(`user-${i}`)).items) listed.add(id);
    expect(stored).toEqual(listed);
    await sessions.close();
    await close();
  });
});
