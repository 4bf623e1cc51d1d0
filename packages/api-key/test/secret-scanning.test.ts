import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { createMemoryStorage, type Fetch } from '@portcullis/core';
import { fakeClock } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createSecretScanningReceiver, type SecretScanningReceiverOptions } from '../src/index.js';
import { decodeBase64, derToRaw } from '../src/secret-scanning/ecdsa-signature.js';
import vectors from './vectors/github-secret-scanning.json' with { type: 'json' };
import { setup } from './support.js';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
const listing = (...keys: [string, string][]): string =>
  JSON.stringify({ public_keys: keys.map(([key_identifier, key]) => ({ key_identifier, key, is_current: true })) });
const serve =
  (text: string): Fetch =>
  () =>
    Promise.resolve(new Response(text));

function message(
  body: string,
  { id = 'k1', key = pair.privateKey, signature }: { id?: string; key?: KeyObject; signature?: string } = {},
): Request {
  return new Request('https://api.example/leaks', {
    method: 'POST',
    headers: {
      'github-public-key-identifier': id,
      'github-public-key-signature': signature ?? sign('sha256', Buffer.from(body), key).toString('base64'),
    },
    body,
  });
}

function receiver(options: Partial<SecretScanningReceiverOptions> = {}) {
  const made = setup();
  const errors: unknown[] = [];
  const fetch = vi.fn(serve(listing(['k1', pem(pair.publicKey)])));
  const handle = createSecretScanningReceiver({
    keys: made.keys,
    fetch,
    clock: made.clock,
    onError: (error) => errors.push(error),
    ...options,
  });
  return { ...made, handle, fetch, errors };
}

describe('createSecretScanningReceiver', () => {
  it('revokes what is ours and says of each token whether it was', async () => {
    const { keys, handle, events } = receiver();
    const { key, record } = await keys.create({ owner: 'ada' });
    const body = JSON.stringify([
      { token: key.reveal(), type: 'acme_key', url: 'https://github.com/a/b', source: 'commit' },
      { token: `${key.reveal().slice(0, -1)}_`, type: 'acme_key', url: '', source: 'content' },
      { token: key.reveal(), type: 'acme_key', url: 'https://github.com/c/d', source: 'commit' },
    ]);
    const response = await handle(message(body));
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual([
      { token_raw: key.reveal(), token_type: 'acme_key', label: 'true_positive' },
      { token_raw: `${key.reveal().slice(0, -1)}_`, token_type: 'acme_key', label: 'false_positive' },
      { token_raw: key.reveal(), token_type: 'acme_key', label: 'true_positive' },
    ]);
    expect(await keys.get(record.id)).toMatchObject({ revokedReason: 'leaked' });
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'api_key.leaked',
        ended: 'key',
        url: 'https://github.com/a/b',
        source: 'commit',
      }),
    );
    expect(events.filter(({ type }) => type === 'api_key.revoked')).toHaveLength(1);
    expect(JSON.stringify(events)).not.toContain(key.reveal().slice(-34));
  });

  it('revokes keys of every environment and state, and spares the new key when the old one leaked', async () => {
    const { keys, handle } = receiver();
    const test = await keys.create({ owner: 'ada', environment: 'test', allowedAddresses: ['::1'] });
    const old = await keys.create({ owner: 'ada' });
    const fresh = await keys.rotate(old.record.id, { graceMs: 60_000 });
    await handle(message(JSON.stringify([test, old].map(({ key }) => ({ token: key.reveal(), type: 't' })))));
    expect(await keys.get(test.record.id)).toMatchObject({ revokedReason: 'leaked' });
    expect(keys.verify(old.key.reveal())).toMatchObject({ outcome: 'rejected' });
    expect(keys.verify(fresh.key.reveal())).toMatchObject({ outcome: 'verified' });
  });

  it('believes no message whose signature is wrong, of another key, of another body, or not there', async () => {
    const { keys, handle } = receiver();
    const { key } = await keys.create({ owner: 'ada' });
    const body = JSON.stringify([{ token: key.reveal(), type: 't' }]);
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const good = sign('sha256', Buffer.from(body), pair.privateKey);
    const messages = [
      message(body, { key: stranger }),
      message(body, { id: 'k2' }),
      message(`${body} `, { signature: good.toString('base64') }),
      message(body, { signature: '' }),
      message(body, { signature: good.toString('base64url') + '!' }),
      message(body, { signature: Buffer.concat([good, Buffer.from([0])]).toString('base64') }),
      message(body, {
        signature: sign('sha256', Buffer.from(body), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' }).toString(
          'base64',
        ),
      }),
      new Request('https://api.example/leaks', { method: 'POST', body }),
    ];
    for (const sent of messages) expect((await handle(sent)).status).toBe(401);
    expect(keys.verify(key.reveal())).toMatchObject({ outcome: 'verified' });
    expect((await handle(message(body))).status).toBe(200);
  });

  it('checks the signature of the published example', async () => {
    const { handle, errors } = receiver({ fetch: serve(JSON.stringify(vectors.listing)) });
    const response = await handle(message(vectors.body, { id: vectors.identifier, signature: vectors.signature }));
    expect(errors).toEqual([]);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual([
      { token_raw: 'some_token', token_type: 'some_type', label: 'false_positive' },
    ]);
    expect(
      (await handle(message(`${vectors.body}\n`, { id: vectors.identifier, signature: vectors.signature }))).status,
    ).toBe(401);
  });

  it('answers 405, 413 and 400 to what is no message', async () => {
    const { handle } = receiver({ maxBodyBytes: 1024 });
    const get = await handle(new Request('https://api.example/leaks'));
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await handle(message(`[${' '.repeat(1024)}]`))).status).toBe(413);
    const lying = message(' ');
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(512)) });
    expect(
      (
        await handle(
          new Request(lying.url, {
            method: 'POST',
            headers: lying.headers,
            body: endless,
            duplex: 'half',
          } as RequestInit),
        )
      ).status,
    ).toBe(413);
    for (const body of ['{}', 'null', '[', '"x"']) expect((await handle(message(body))).status).toBe(400);
    expect(await (await handle(message('[null, 7, {"token":1,"type":"t"}, {"token":"x"}]'))).json()).toEqual([]);
  });

  it('answers 503 while the storage or the public keys cannot be had, so that the message is sent again', async () => {
    const down = receiver({ keys: { revokeLeaked: () => Promise.reject(new Error('storage down')) } });
    expect((await down.handle(message('[{"token":"x","type":"t"}]'))).status).toBe(503);
    expect(down.errors).toEqual([new Error('storage down')]);
    for (const fetch of [
      () => Promise.reject(new Error('offline')),
      () => Promise.resolve(new Response('', { status: 403 })),
      serve('{}'),
      serve('x'.repeat(70_000)),
    ] as Fetch[]) {
      const { handle, errors } = receiver({ fetch });
      expect((await handle(message('[]'))).status).toBe(503);
      expect((await handle(message('[]'))).status).toBe(503);
      expect(errors).toHaveLength(2);
    }
  });

  it('fetches the public keys once an hour, and for an unknown one at most once a minute', async () => {
    const { handle, fetch, clock } = receiver();
    await Promise.all(Array.from({ length: 5 }, () => handle(message('[]'))));
    expect(fetch).toHaveBeenCalledTimes(1);
    for (let i = 0; i < 5; i++) expect((await handle(message('[]', { id: 'k2' }))).status).toBe(401);
    expect(fetch).toHaveBeenCalledTimes(1);
    clock.advance(60_000);
    const next = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    fetch.mockImplementation(serve(listing(['k1', pem(pair.publicKey)], ['k2', pem(next.publicKey)])));
    expect((await handle(message('[]', { id: 'k2', key: next.privateKey }))).status).toBe(200);
    expect(fetch).toHaveBeenCalledTimes(2);
    clock.advance(3_600_000);
    fetch.mockImplementation(() => Promise.reject(new Error('offline')));
    expect((await handle(message('[]'))).status).toBe(200);
    expect(fetch).toHaveBeenCalledTimes(3);
  });

  it('sends a token to nobody but the server of the keys, and follows it nowhere', async () => {
    const { handle, fetch } = receiver({ githubToken: 'ghp_x' });
    await handle(message('[]'));
    expect(fetch.mock.calls[0]).toMatchObject([
      'https://api.github.com/meta/public_keys/secret_scanning',
      { redirect: 'error', headers: { authorization: 'Bearer ghp_x' } },
    ]);
  });

  it.each([{ maxBodyBytes: 1 }, { maxBodyBytes: 2 ** 30 }, { publicKeysUrl: 'http://api.github.com/' }])(
    'refuses %j at creation',
    (options) => {
      const { keys } = setup({ storage: createMemoryStorage({ clock: fakeClock() }) });
      expect(() => createSecretScanningReceiver({ keys, ...options })).toThrow(
        expect.objectContaining({ code: 'invalid_option' }),
      );
    },
  );
});

describe('derToRaw', () => {
  it('reads what OpenSSL writes, and refuses every other spelling of it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(), fc.nat({ max: 255 }), (data, position, value) => {
        const der = sign('sha256', data, pair.privateKey);
        const raw = derToRaw(der);
        expect(raw).toHaveLength(64);
        expect(derToRaw(Buffer.concat([der, Buffer.from([0])]))).toBeUndefined();
        expect(derToRaw(der.subarray(0, -1))).toBeUndefined();
        // A changed byte gives another signature or none: never the same one again.
        const changed = Uint8Array.from(der);
        const at = position % der.length;
        fc.pre(changed[at] !== value);
        changed[at] = value;
        expect(derToRaw(changed)).not.toEqual(raw);
      }),
      { numRuns: 50 },
    );
  });

  it('never throws on junk', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (junk) => {
        const raw = derToRaw(junk);
        expect(raw === undefined || raw.length === 64).toBe(true);
      }),
    );
    expect(derToRaw(Uint8Array.of(0x30, 6, 2, 1, 1, 2, 1, 0x80))).toBeUndefined();
    expect(derToRaw(Uint8Array.of(0x30, 7, 2, 2, 0, 1, 2, 1, 1))).toBeUndefined();
    expect(derToRaw(Uint8Array.of(0x30, 6, 2, 1, 1, 2, 1, 1))).toHaveLength(64);
  });
});

describe('decodeBase64', () => {
  it('reads what it is given exactly', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        fc.pre(bytes.length > 0);
        expect(decodeBase64(Buffer.from(bytes).toString('base64'))).toEqual(bytes);
      }),
    );
    for (const text of ['', 'a', 'aa', 'aaa', 'a===', 'aa==aaaa', 'aa-_', ' aaa', 'aaa\n'])
      expect(decodeBase64(text)).toBeUndefined();
  });
});
