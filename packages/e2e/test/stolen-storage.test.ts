import { createApiKeys } from '@portcullis/api-key';
import type { AuthRequest } from '@portcullis/core';
import { createOneTimeCodes, createRecoveryCodes } from '@portcullis/password';
import { createSessions } from '@portcullis/session';
import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { storages } from './storages.js';

/** Every string in a value, and every part of one that is cut at the separators that credentials use. */
function stringsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value, ...value.split(/[._|:]/)];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

describe.each(storages)('a stolen copy of the storage, on $name', ({ open }) => {
  it(`gives no usable cookie, key or code: each value in it is tried ${requirement('K2', 'S28')}`, async (context) => {
    const opened = await open();
    if (opened === undefined) return context.skip();
    const { storage, migrate, close } = opened;
    // What a thief of the storage sees: every record that was written.
    const stolen: unknown[] = [];
    const watched: typeof storage = {
      ...storage,
      collection: (definition) => {
        const collection = storage.collection(definition);
        return {
          ...collection,
          create: (record, call) => (stolen.push(record), collection.create(record, call)),
          update: (id, version, record, call) => (stolen.push(record), collection.update(id, version, record, call)),
        };
      },
    };
    const keys = createApiKeys({ storage: watched, brand: 'acme', defaultScopes: 'unlimited' });
    const sessions = createSessions({ storage: watched, csrf: { origins: ['https://app.example.org'] } });
    const codes = createOneTimeCodes({ storage: watched, purpose: 'reset' });
    const recovery = createRecoveryCodes({ storage: watched });
    await migrate();

    const requestWith = (cookie: string): AuthRequest => {
      const fields = (name: string) =>
        name === 'cookie' ? [`__Host-sid=${cookie}`] : name === 'sec-fetch-site' ? ['same-origin'] : [];
      return { method: 'POST', url: '/', ip: undefined, header: (name) => fields(name)[0], headerValues: fields };
    };
    let cookie = '';
    const response = {
      append: (name: string, value: string) =>
        void (name === 'set-cookie' && (cookie = value.split(/[=;]/)[1] as string)),
    };
    await sessions.signIn({ request: requestWith(''), response }, { user: 'ada' });
    await sessions.renew({ request: requestWith(cookie), response });
    const { key } = await keys.create({ owner: 'ada', name: 'laptop' });
    const rotated = await keys.rotate(key.reveal().split('_')[2]?.slice(0, 12) as string, { graceMs: 60_000 });
    const code = await codes.issue({ subject: 'ada', binding: 'browser' });
    const [recoveryCode] = await recovery.create('ada');

    const values = [...new Set(stolen.flatMap(stringsIn))];
    expect(values.length).toBeGreaterThan(10);
    const selectors = values.filter((value) => /^[\w-]{22}$/.test(value));
    for (const value of values) {
      expect((await keys.verify(value)).outcome).toBe('rejected');
      expect((await codes.redeem(value, { binding: 'browser' })).redeemed).toBe(false);
      expect(await recovery.use('ada', value)).toBe(false);
      for (const selector of ['', ...selectors]) {
        expect(await sessions.read(requestWith(selector === '' ? value : `${selector}.${value}`))).toBeUndefined();
      }
    }
    // They are good all the same, so the test could have found them.
    expect((await keys.verify(rotated.key.reveal())).outcome).toBe('verified');
    expect((await keys.verify(key.reveal())).outcome).toBe('verified');
    expect(await sessions.read(requestWith(cookie))).toBeDefined();
    expect((await codes.redeem(code.reveal(), { binding: 'browser' })).redeemed).toBe(true);
    expect(await recovery.use('ada', recoveryCode?.reveal() ?? '')).toBe(true);
    await keys.close();
    await sessions.close();
    await close();
  });
});
