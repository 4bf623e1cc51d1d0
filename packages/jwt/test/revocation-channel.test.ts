import { type Bus, type BusListener, isPortcullisError } from '@portcullis/core';
import { describe, expect, it } from 'vitest';
import { createRevocationChannel, parseMessage } from '../src/revoke/revocation-channel.js';
import type { Revocation } from '../src/verify/revocation-check.js';

const iss = 'https://issuer.example.com';
const revocations: readonly Revocation[] = [
  { kind: 'token', iss, jti: 'jti-1' },
  { kind: 'family', iss, sid: 'family-1' },
  { kind: 'user', iss, sub: 'user-1', notBefore: 5 },
];

/** A bus whose subscriptions end as the test says, and what a channel over it did. */
function setUp(
  subscribe: (listener: BusListener) => ReturnType<Bus['subscribe']>,
  publish: Bus['publish'] = () => undefined,
) {
  const seen = { heard: [] as Revocation[], lost: 0 };
  const channel = createRevocationChannel(
    {
      subscribe: (_name, listener) => subscribe(listener),
      publish,
    },
    { heard: (revocation) => seen.heard.push(revocation), lost: () => seen.lost++ },
  );
  return { channel, seen };
}

const failures: readonly (readonly [how: string, fail: () => Promise<never>])[] = [
  [
    'throws',
    () => {
      throw new Error('gone');
    },
  ],
  ['rejects', () => Promise.reject(new Error('gone'))],
];

describe('createRevocationChannel', () => {
  it('is live at once over a bus that answers at once, and counts as lost what was said before', () => {
    const { channel, seen } = setUp(() => () => undefined);
    expect([channel.live(), seen.lost]).toEqual([true, 1]);
    expect([channel.live(), seen.lost]).toEqual([true, 1]);
  });

  it('is live only once a slow bus has subscribed', async () => {
    let ready: (end: () => void) => void = () => undefined;
    const { channel, seen } = setUp(() => new Promise((resolve) => (ready = resolve)));
    expect([channel.live(), channel.live(), seen.lost]).toEqual([false, false, 0]);
    ready(() => undefined);
    await Promise.resolve();
    expect([channel.live(), seen.lost]).toEqual([true, 1]);
  });

  it.each(failures)('tries again, and is not live, when subscribing %s', async (_how, fail) => {
    let asked = 0;
    const { channel } = setUp(() => (asked++ < 2 ? fail() : () => undefined));
    for (const live of [false, false, true]) {
      expect(channel.live()).toBe(live);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(asked).toBe(3);
  });

  it('ends its subscription when it is closed, also one that comes later, and stays closed', async () => {
    let ended = 0;
    const soon = setUp(() => () => void ended++);
    soon.channel.live();
    soon.channel.close();
    expect([ended, soon.channel.live()]).toEqual([1, false]);
    let ready: (end: () => void) => void = () => undefined;
    const late = setUp(() => new Promise((resolve) => (ready = resolve)));
    late.channel.live();
    late.channel.close();
    ready(() => void ended++);
    await Promise.resolve();
    expect([ended, late.channel.live(), late.seen.lost]).toEqual([2, false, 0]);
    expect(() => setUp(() => () => undefined).channel.close()).not.toThrow();
  });

  it('carries each kind to the others, and hears nothing of its own', async () => {
    const listeners: BusListener[] = [];
    const subscribe = (listener: BusListener) => {
      listeners.push(listener);
      return () => undefined;
    };
    const publish = (_name: string, text: string) => listeners.forEach((listener) => listener.message(text));
    const [here, there] = [setUp(subscribe, publish), setUp(subscribe, publish)];
    expect([here.channel.live(), there.channel.live()]).toEqual([true, true]);
    for (const revocation of revocations) await here.channel.publish(revocation);
    expect([here.seen.heard, there.seen.heard]).toEqual([[], revocations]);
    for (const listener of listeners) listener.message('{}');
    expect([here.seen.lost, there.seen.lost]).toEqual([2, 2]);
  });

  it.each(failures)('says that the others could not be told when publishing %s', async (_how, fail) => {
    const { channel } = setUp(() => () => undefined, fail);
    const told = (async () => channel.publish(revocations[0] as Revocation))();
    const error = await told.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(isPortcullisError(error, 'storage_unavailable')).toBe(true);
    expect((error as Error).cause).toMatchObject({ message: 'gone' });
  });

  it('needs no bus: then it is live and tells nobody', () => {
    const channel = createRevocationChannel(undefined, { heard: () => undefined, lost: () => undefined });
    expect([channel.live(), channel.publish(revocations[0] as Revocation)]).toEqual([true, undefined]);
    expect(() => channel.close()).not.toThrow();
  });
});

describe('parseMessage', () => {
  it.each(revocations)('reads %o as it was written, and no field more', (revocation) => {
    const message = { from: 'a', revocation };
    expect(parseMessage(JSON.stringify({ ...message, v: 2 }))).toEqual(message);
  });

  it.each([
    'no JSON',
    '7',
    'null',
    '"text"',
    '{}',
    '{"from":"a"}',
    '{"from":"a","revocation":null}',
    '{"from":"a","revocation":"token"}',
    `{"from":7,"revocation":{"kind":"token","iss":"i","jti":"j"}}`,
    `{"revocation":{"kind":"token","iss":"i","jti":"j"}}`,
    `{"from":"a","revocation":{"kind":"token","iss":7,"jti":"j"}}`,
    `{"from":"a","revocation":{"kind":"token","iss":"i","jti":7}}`,
    `{"from":"a","revocation":{"kind":"token","iss":"i","sid":"s","sub":"u"}}`,
    `{"from":"a","revocation":{"kind":"family","iss":"i","jti":"j","sub":"u"}}`,
    `{"from":"a","revocation":{"kind":"family","iss":"i","sid":7}}`,
    `{"from":"a","revocation":{"kind":"user","iss":"i","jti":"j","sid":"s"}}`,
    `{"from":"a","revocation":{"kind":"user","iss":"i","sub":"u"}}`,
    `{"from":"a","revocation":{"kind":"user","iss":"i","sub":7,"notBefore":5}}`,
    `{"from":"a","revocation":{"kind":"user","iss":"i","sub":"u","notBefore":"5"}}`,
    `{"from":"a","revocation":{"kind":"other","iss":"i","jti":"j","sid":"s","sub":"u","notBefore":5}}`,
  ])('does not know %s', (text) => {
    expect(parseMessage(text)).toBeUndefined();
  });
});
