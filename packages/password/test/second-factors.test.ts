import { createMemoryStorage, createSealer } from '@portcullis/core';
import { fakeClock, requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase32, encodeBase32 } from '../src/base32.js';
import { createOneTimeCodes, createRecoveryCodes, createTotp, totpCode } from '../src/index.js';

function world() {
  const clock = fakeClock();
  return { clock, storage: createMemoryStorage({ clock }) };
}

/** All that a stolen copy of the memory storage would hold. */
async function everything(
  storage: ReturnType<typeof createMemoryStorage>,
  name: string,
  index?: string,
): Promise<string> {
  const definition = index === undefined ? { name } : { name, indexes: [index] };
  const page = await storage.collection(definition as { name: string }).scan({ limit: 1000 });
  return JSON.stringify(page);
}

describe('createOneTimeCodes', () => {
  const binding = 'what the browser holds';

  it(`issues a code of 256 bits that is stored hashed and good once for ten minutes ${requirement('P19')}`, async () => {
    const { clock, storage } = world();
    const codes = createOneTimeCodes({ storage, purpose: 'reset', clock });
    const code = (await codes.issue({ subject: 'ada', binding })).reveal();
    expect(code).toMatch(/^[\w-]{43}$/);
    expect(await everything(storage, 'one_time_codes', 'owner')).not.toContain(code);
    expect(await codes.redeem(code, { binding })).toEqual({ redeemed: true, subject: 'ada' });
    expect(await codes.redeem(code, { binding })).toEqual({ redeemed: false, reason: 'invalid' });

    const late = (await codes.issue({ subject: 'ada', binding })).reveal();
    clock.advance(600_000);
    expect((await codes.redeem(late, { binding })).redeemed).toBe(false);
    expect(() => createOneTimeCodes({ storage, purpose: 'reset', lifetime: 600_001 })).toThrow(/lifetime/);
  });

  it(`has one winner of 50 callers ${requirement('P19', 'D1')}`, async () => {
    const { clock, storage } = world();
    const codes = createOneTimeCodes({ storage, purpose: 'reset', clock });
    const code = (await codes.issue({ subject: 'ada', binding })).reveal();
    const results = await Promise.all(Array.from({ length: 50 }, () => codes.redeem(code, { binding })));
    expect(results.filter(({ redeemed }) => redeemed)).toHaveLength(1);
  });

  it(`is bound to the browser that asked ${requirement('P19')}`, async () => {
    const { clock, storage } = world();
    const codes = createOneTimeCodes({ storage, purpose: 'magic-link', clock });
    const code = (await codes.issue({ subject: 'ada', binding })).reveal();
    expect((await codes.redeem(code, { binding: 'another browser' })).redeemed).toBe(false);
    expect((await codes.redeem(code, {})).redeemed).toBe(false);
    expect((await codes.redeem(code, { binding })).redeemed).toBe(true);
    await expect(codes.issue({ subject: 'ada' })).rejects.toThrow(/binding/);
  });

  it('is worth nothing for another purpose or subject, and dies when a new one is issued', async () => {
    const { clock, storage } = world();
    const reset = createOneTimeCodes({ storage, purpose: 'reset', clock });
    const login = createOneTimeCodes({ storage, purpose: 'magic-link', clock });
    const code = (await reset.issue({ subject: 'ada', binding })).reveal();
    expect((await login.redeem(code, { binding })).redeemed).toBe(false);
    expect((await reset.redeem(code, { binding, subject: 'rex' })).redeemed).toBe(false);
    await reset.issue({ subject: 'ada', binding });
    expect((await reset.redeem(code, { binding })).redeemed).toBe(false);
  });

  it(`takes five tries at eight digits, counted before they are compared ${requirement('P19')}`, async () => {
    const { clock, storage } = world();
    const key = crypto.getRandomValues(new Uint8Array(32));
    const codes = createOneTimeCodes({ storage, purpose: 'login', format: 'digits', key, clock });
    const code = (await codes.issue({ subject: 'ada', binding })).reveal();
    expect(code).toMatch(/^\d{8}$/);
    const wrong = code === '00000000' ? '00000001' : '00000000';
    const results = await Promise.all(
      Array.from({ length: 20 }, () => codes.redeem(wrong, { subject: 'ada', binding })),
    );
    expect(results.filter((result) => !result.redeemed && result.reason === 'too_many_tries')).toHaveLength(15);
    expect(await codes.redeem(code, { subject: 'ada', binding })).toEqual({
      redeemed: false,
      reason: 'too_many_tries',
    });
    const again = (await codes.issue({ subject: 'ada', binding })).reveal();
    expect((await codes.redeem(again, { subject: 'ada', binding })).redeemed).toBe(true);
    expect(() => createOneTimeCodes({ storage, purpose: 'login', format: 'digits' })).toThrow(/key/);
  });
});

describe('createTotp', () => {
  it(`takes each step once, by the server's clock, one step to either side ${requirement('P21')}`, async () => {
    const { clock, storage } = world();
    const totp = createTotp({ storage, issuer: 'Demo', clock });
    const secret = totp.createSecret().reveal();
    const codeAt = (steps: number) =>
      totpCode(decodeBase32(secret) as Uint8Array, Math.floor(clock() / 30_000) + steps);
    expect(await totp.verify('ada', secret, codeAt(0))).toEqual({ verified: true });
    expect(await totp.verify('ada', secret, codeAt(0))).toEqual({ verified: false, reason: 'wrong' });
    expect((await totp.verify('ada', secret, codeAt(-1))).verified).toBe(false);
    expect((await totp.verify('ada', secret, codeAt(1))).verified).toBe(true);
    clock.advance(300_000);
    expect((await totp.verify('ada', secret, codeAt(-1))).verified).toBe(true);
    expect((await totp.verify('ada', secret, codeAt(-2))).verified).toBe(false);
    expect((await totp.verify('ada', secret, codeAt(2))).verified).toBe(false);
  });

  it(`has one winner of 20 callers with one code ${requirement('P21')}`, async () => {
    const { clock, storage } = world();
    const totp = createTotp({ storage, issuer: 'Demo', clock });
    const secret = totp.createSecret().reveal();
    const code = totpCode(decodeBase32(secret) as Uint8Array, Math.floor(clock() / 30_000));
    const results = await Promise.all(Array.from({ length: 20 }, () => totp.verify('ada', secret, code)));
    expect(results.filter(({ verified }) => verified)).toHaveLength(1);
  });

  it('stops after five wrong codes in five minutes', async () => {
    const { clock, storage } = world();
    const totp = createTotp({ storage, issuer: 'Demo', clock });
    const secret = totp.createSecret().reveal();
    const right = () => totpCode(decodeBase32(secret) as Uint8Array, Math.floor(clock() / 30_000));
    const wrong = right() === '000000' ? '000001' : '000000';
    for (let i = 0; i < 5; i++)
      expect(await totp.verify('ada', secret, wrong)).toEqual({ verified: false, reason: 'wrong' });
    expect(await totp.verify('ada', secret, right())).toEqual({ verified: false, reason: 'too_many_tries' });
    clock.advance(300_000);
    expect(await totp.verify('ada', secret, right())).toEqual({ verified: true });
  });

  it('gives a URI that authenticator apps read, and refuses a short secret', async () => {
    const { storage } = world();
    const totp = createTotp({ storage, issuer: 'Demo & Sons' });
    const secret = totp.createSecret().reveal();
    const uri = new URL(totp.uri(secret, 'ada@example.org').reveal());
    expect(uri.pathname).toBe('//totp/Demo%20%26%20Sons:ada%40example.org'.slice(uri.host === 'totp' ? 6 : 0));
    expect(Object.fromEntries(uri.searchParams)).toMatchObject({
      secret,
      issuer: 'Demo & Sons',
      period: '30',
      digits: '6',
    });
    expect(uri.search).not.toContain('+');
    await expect(totp.verify('ada', 'MFRGG', '000000')).rejects.toThrow(/128 bits/);
    expect(() => createTotp({ storage, issuer: 'a:b' })).toThrow(/issuer/);
  });
});

describe('createRecoveryCodes', () => {
  it('gives ten codes that are stored hashed, each good once for its subject', async () => {
    const { storage } = world();
    const recovery = createRecoveryCodes({ storage });
    const codes = (await recovery.create('ada')).map((code) => code.reveal());
    expect(new Set(codes).size).toBe(10);
    const [first = '', second = ''] = codes;
    expect(await everything(storage, 'recovery_codes')).not.toContain(first);
    expect(await recovery.use('rex', first)).toBe(false);
    expect(await recovery.use('ada', first.toUpperCase().replaceAll('-', ' '))).toBe(true);
    expect(await recovery.use('ada', first)).toBe(false);
    const winners = await Promise.all(Array.from({ length: 20 }, () => recovery.use('ada', second)));
    expect(winners.filter(Boolean)).toHaveLength(1);
    expect(await recovery.remaining('ada')).toBe(8);
    await recovery.create('ada');
    expect(await recovery.use('ada', codes[2] as string)).toBe(false);
    await recovery.delete('ada');
    expect(await recovery.remaining('ada')).toBe(0);
  });
});

describe('encodeBase32', () => {
  it('round trips (property)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (data) => {
        expect(decodeBase32(encodeBase32(data))).toEqual(data);
      }),
    );
  });

  it('knows RFC 4648 section 10', () => {
    expect(encodeBase32(new TextEncoder().encode('foobar'))).toBe('MZXW6YTBOI');
    expect(decodeBase32('mzxw 6ytb oi==')).toEqual(new TextEncoder().encode('foobar'));
    expect(decodeBase32('1')).toBeUndefined();
  });
});

describe('createSealer, for TOTP secrets at rest', () => {
  it('opens only with its key and its context', async () => {
    const keys = { current: 'a', keys: { a: crypto.getRandomValues(new Uint8Array(32)) } };
    const sealer = createSealer(keys);
    const sealed = await sealer.seal('JBSWY3DPEHPK3PXP', 'totp of ada');
    expect(await sealer.open(sealed, 'totp of ada')).toBe('JBSWY3DPEHPK3PXP');
    expect(await sealer.open(sealed, 'totp of rex')).toBeUndefined();
  });
});
