import type { IncomingMessage, ServerResponse } from 'node:http';
import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import type { Jwk } from '../src/keys/key-input.js';
import { ed25519, otherP256, p256, type Pair, rsa } from './key-material.js';
import { type Answer, json, keyServer, lasting, publicJwk, remoteHarness, set } from './key-server.js';
import { goodClaims, mint } from './verify-harness.js';

const server = keyServer();

describe('keys from a JWK Set', () => {
  it('is fetched once for callers at the same time, and used from then on', async () => {
    server.answer = json(set(publicJwk(p256, 'a')));
    const harness = remoteHarness(server);
    const results = await Promise.all(Array.from({ length: 50 }, () => harness.judge(lasting(harness, 'a'))));
    expect(new Set(results)).toEqual(new Set(['verified']));
    expect(server.asked).toEqual(['/jwks']);
    expect(harness.verifier.verify(lasting(harness, 'a'))).toMatchObject({ outcome: 'verified' });
  });

  it(`ignores keys of unknown types, for other uses, private, secret or weak ${requirement('J27')}`, async () => {
    server.answer = json(
      set(
        null,
        1,
        'key',
        {},
        { kty: 'XYZ', kid: 'a', alg: 'ES256' },
        { kty: 1, kid: 'a' },
        { kty: 'oct', k: 'A'.repeat(86), kid: 'a', alg: 'ES256' },
        publicJwk(otherP256, 'a', { use: 'enc' }),
        publicJwk(otherP256, 'a', { alg: 'ES384' }),
        publicJwk(otherP256, 'a', { key_ops: ['sign'] }),
        { ...otherP256.privateJwk, kid: 'a' },
        { ...otherP256.publicJwk, kid: 7 },
        { ...otherP256.publicJwk, kid: 'a', y: otherP256.publicJwk.x },
        publicJwk(rsa, 'a'),
        publicJwk(p256, 'a', { use: 'sig', alg: 'ES256', key_ops: ['verify'], x5c: ['ignored'] } as Partial<Jwk>),
      ),
    );
    const harness = remoteHarness(server);
    expect(await harness.judge(lasting(harness, 'a'))).toBe('verified');
    expect(await harness.judge(lasting(harness, 'a', otherP256))).toBe('signature');
  });

  it('pins a key without alg to the first algorithm of the list that it fits', async () => {
    server.answer = json(set(publicJwk(rsa, 'a')));
    const harness = remoteHarness(server, { algorithms: ['ES256', 'PS256', 'RS256'] });
    const signed = (alg: string): string => mint(goodClaims(harness.clock()), { alg, kid: 'a' }, rsa.privateKey);
    expect(await harness.judge(signed('PS256'))).toBe('verified');
    expect(await harness.judge(signed('RS256'))).toBe('unknown_key');
  });

  it(`takes two keys that fit one token for no match ${requirement('J28')}`, async () => {
    server.answer = json(set(publicJwk(p256, 'a'), publicJwk(otherP256, 'a'), publicJwk(ed25519, 'e')));
    const harness = remoteHarness(server);
    expect(await harness.judge(lasting(harness, 'a'))).toBe('unknown_key');
    expect(await harness.judge(lasting(harness, undefined))).toBe('unknown_key');
    expect(await harness.judge(lasting(harness, undefined, ed25519))).toBe('verified');
  });

  it(`fetches for a key id it does not know once per cooldown ${requirement('J29')}`, async () => {
    server.answer = json(set(publicJwk(p256, 'a')));
    const harness = remoteHarness(server, { remote: { cooldownMs: 10_000 } });
    expect(await harness.judge(lasting(harness, 'a'))).toBe('verified');
    for (let i = 0; i < 20; i++)
      expect(await harness.judge(lasting(harness, `junk-${i}`, otherP256))).toBe('unknown_key');
    expect(server.asked).toHaveLength(2);
    server.answer = json(set(publicJwk(p256, 'a'), publicJwk(otherP256, 'b')));
    expect(await harness.judge(lasting(harness, 'b', otherP256))).toBe('unknown_key');
    harness.clock.advance(10_000);
    expect(await harness.judge(lasting(harness, 'b', otherP256))).toBe('verified');
    expect(server.asked).toHaveLength(3);
  });

  it(`keeps its keys through an outage, and cannot tell about others: 503 ${requirement('J29')}`, async () => {
    server.answer = json(set(publicJwk(p256, 'a')), { 'cache-control': 'max-age=60' });
    const harness = remoteHarness(server);
    expect(await harness.judge(lasting(harness, 'a'))).toBe('verified');
    for (const failure of [
      json('down', {}, 500),
      json('<html>', { 'content-type': 'text/html' }),
      json('{"keys":'),
      json('[]'),
      json('{"keys":{}}'),
      json({ error: 'x' }),
      json(set(), {}, 404),
      json('{"keys":[],"keys":[]}'),
    ]) {
      server.answer = failure;
      harness.clock.advance(3_600_000);
      expect(await harness.judge(lasting(harness, 'a'))).toBe('verified');
      expect(await harness.judge(lasting(harness, 'new', otherP256))).toBe('unavailable');
      expect(await harness.judge(lasting(harness, 'a'))).toBe('verified');
    }
    expect(await harness.verifier.verify(lasting(harness, 'new', otherP256))).toMatchObject({
      outcome: 'unavailable',
      cause: { code: 'keys_unavailable', status: 503 },
      retryAfterSeconds: expect.any(Number) as number,
    });
  });

  it('uses no keys past maxStaleMs', async () => {
    server.answer = json(set(publicJwk(p256, 'a')));
    const harness = remoteHarness(server, { remote: { maxStaleMs: 60_000 * 60, maxFreshMs: 60_000 } });
    expect(await harness.judge(lasting(harness, 'a'))).toBe('verified');
    server.answer = json('down', {}, 503);
    harness.clock.advance(3_600_000);
    expect(await harness.judge(lasting(harness, 'a'))).toBe('verified');
    harness.clock.advance(1);
    expect(await harness.judge(lasting(harness, 'a'))).toBe('unavailable');
  });

  it('opens a breaker after a failure: a second, then two, up to a minute', async () => {
    server.answer = json('down', {}, 500);
    const harness = remoteHarness(server);
    const waits: number[] = [];
    for (let i = 0; i < 9; i++) {
      const result = await harness.verifier.verify(lasting(harness, 'a'));
      if (result.outcome !== 'unavailable') throw new Error('it should not be known');
      expect(server.asked).toHaveLength(i + 1);
      const wait = result.retryAfterSeconds ?? 0;
      waits.push(wait);
      harness.clock.advance(wait * 1000 - 1);
      expect(await harness.judge(lasting(harness, 'a'))).toBe('unavailable');
      expect(server.asked).toHaveLength(i + 1);
      harness.clock.advance(1);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    server.answer = json(set(publicJwk(p256, 'a')));
    expect(await harness.judge(lasting(harness, 'a'))).toBe('verified');
  });

  it('waits as long as a 429 asks, up to a minute', async () => {
    server.answer = json('slow down', { 'retry-after': '30' }, 429);
    const harness = remoteHarness(server);
    expect(await harness.verifier.verify(lasting(harness, 'a'))).toMatchObject({ retryAfterSeconds: 30 });
    server.answer = json('slow down', { 'retry-after': '86400' }, 429);
    harness.clock.advance(30_000);
    expect(await harness.verifier.verify(lasting(harness, 'a'))).toMatchObject({ retryAfterSeconds: 60 });
  });

  it('serves stale while it refreshes, without waiting', async () => {
    server.answer = json(set(publicJwk(p256, 'a')), { 'cache-control': 'public, max-age=120' });
    const harness = remoteHarness(server);
    await harness.judge(lasting(harness, 'a'));
    harness.clock.advance(119_999);
    await harness.judge(lasting(harness, 'a'));
    expect(server.asked).toHaveLength(1);
    let release: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => {
      server.answer = (request, response) => {
        release = () => json(set(publicJwk(p256, 'a'), publicJwk(otherP256, 'b')))(request, response);
        resolve();
      };
    });
    harness.clock.advance(1);
    expect(harness.verifier.verify(lasting(harness, 'a'))).toMatchObject({ outcome: 'verified' });
    await arrived;
    expect(harness.verifier.verify(lasting(harness, 'a'))).toMatchObject({ outcome: 'verified' });
    // One that needs the new set joins the fetch under way.
    const waiting = harness.judge(lasting(harness, 'b', otherP256));
    release();
    expect(await waiting).toBe('verified');
    expect(server.asked).toHaveLength(2);
  });

  it.each([
    ['max-age=999999999', {}, 86_400_000],
    ['max-age=0', {}, 60_000],
    ['no-store, max-age=3600', {}, 60_000],
    ['max-age=600', { age: '300' }, 300_000],
    ['max-age="600"', {}, 600_000],
    ['private', {}, 600_000],
  ])('keeps a set for as long as HTTP says, within bounds: %s', async (control, headers, fresh) => {
    server.answer = json(set(publicJwk(p256, 'a')), { 'cache-control': control, ...headers });
    const harness = remoteHarness(server);
    await harness.judge(lasting(harness, 'a'));
    harness.clock.advance(fresh - 1);
    await harness.judge(lasting(harness, 'a'));
    expect(server.asked).toHaveLength(1);
    harness.clock.advance(1);
    const arrived = new Promise<void>((resolve) => {
      server.answer = (_request, response) => {
        response.destroy();
        resolve();
      };
    });
    await harness.judge(lasting(harness, 'a'));
    await arrived;
    expect(server.asked).toHaveLength(2);
  });

  it('forgets tokens of a key that was taken out', async () => {
    server.answer = json(set(publicJwk(p256, 'a'), publicJwk(otherP256, 'b')));
    const harness = remoteHarness(server, { cache: { ttlMs: 86_400_000 } });
    const held = lasting(harness, 'a');
    expect(await harness.judge(held)).toBe('verified');
    server.answer = json(set(publicJwk(otherP256, 'b')));
    expect(await harness.judge(lasting(harness, 'junk', otherP256))).toBe('unknown_key');
    expect(await harness.judge(held)).toBe('unknown_key');
  });

  it('follows a key that was replaced under its old id', async () => {
    server.answer = json(set(publicJwk(p256, 'a')));
    const harness = remoteHarness(server, { cache: { ttlMs: 86_400_000 } });
    const held = lasting(harness, 'a');
    expect(await harness.judge(held)).toBe('verified');
    server.answer = json(set(publicJwk(otherP256, 'a')));
    expect(await harness.judge(lasting(harness, 'junk'))).toBe('unknown_key');
    expect(await harness.judge(held)).toBe('signature');
    expect(await harness.judge(lasting(harness, 'a', otherP256))).toBe('verified');
  });

  it('refuses no valid token while keys rotate and are published before they are used', async () => {
    const pairs = [p256, otherP256];
    const harness = remoteHarness(server, { remote: { minFreshMs: 1_000, cooldownMs: 1_000 } });
    let step = 0;
    server.answer = (request, response) =>
      json(set(...[step - 1, step, step + 1].map((n) => publicJwk(pairs[(n + 2) % 2] as Pair, `k${n}`))), {
        'cache-control': 'max-age=1',
      })(request, response);
    const results: string[] = [];
    for (step = 1; step <= 30; step++) {
      const judged = Array.from({ length: 10 }, (_, i) =>
        harness.judge(lasting(harness, `k${step - (i % 2)}`, pairs[(step - (i % 2) + 2) % 2])),
      );
      results.push(...(await Promise.all(judged)));
      harness.clock.advance(1_000);
    }
    expect(new Set(results)).toEqual(new Set(['verified']));
  });

  describe('from a hostile server', () => {
    it('reads no more than maxBytes, whatever length is stated', async () => {
      let sent = 0;
      server.answer = (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const chunk = Buffer.alloc(16_384, 0x20);
        const push = (): void => {
          while (!response.destroyed && sent < 64_000_000) {
            sent += chunk.length;
            if (!response.write(chunk)) {
              response.once('drain', push);
              return;
            }
          }
          response.end();
        };
        push();
      };
      const harness = remoteHarness(server, { remote: { maxBytes: 65_536, timeoutMs: 20_000 } });
      expect(await harness.judge(lasting(harness, 'a'))).toBe('unavailable');
      expect(sent).toBeLessThan(16_000_000);
    });

    it('refuses by the stated length', async () => {
      server.answer = (_request, response) => {
        response.writeHead(200, { 'content-length': '1000000000' });
        response.write('{');
      };
      const harness = remoteHarness(server, { remote: { timeoutMs: 20_000 } });
      expect(await harness.judge(lasting(harness, 'a'))).toBe('unavailable');
    });

    it.each([
      ['never answers', (): void => undefined],
      [
        'sends headers and stops',
        (_: IncomingMessage, response: ServerResponse): void => void response.writeHead(200).write('{"keys":['),
      ],
    ])('waits no longer than timeoutMs for one that %s', async (_name, hanging: Answer) => {
      server.answer = hanging;
      const harness = remoteHarness(server, { remote: { timeoutMs: 100 } });
      expect(await harness.judge(lasting(harness, 'a'))).toBe('unavailable');
    });

    it('follows no redirect', async () => {
      server.answer = (request, response) => {
        if (request.url === '/jwks') response.writeHead(302, { location: `${server.base}/other` }).end();
        else json(set(publicJwk(p256, 'a')))(request, response);
      };
      const harness = remoteHarness(server);
      expect(await harness.judge(lasting(harness, 'a'))).toBe('unavailable');
      expect(server.asked).toEqual(['/jwks']);
    });

    it('imports no more than a hundred keys', async () => {
      server.answer = json(set(...Array.from({ length: 100 }, (_, i) => publicJwk(p256, `k${i}`))));
      const fits = remoteHarness(server);
      expect(await fits.judge(lasting(fits, 'k99'))).toBe('verified');
      server.answer = json(set(...Array.from({ length: 101 }, (_, i) => publicJwk(p256, `k${i}`))));
      const harness = remoteHarness(server);
      expect(await harness.judge(lasting(harness, 'k1'))).toBe('unavailable');
    });
  });

  it('is told when the server is down from the start, and recovers', async () => {
    const harness = remoteHarness(server, { jwks: 'http://127.0.0.1:1/jwks' });
    expect(await harness.judge(lasting(harness, 'a'))).toBe('unavailable');
    await expect(remoteHarness(server, { jwks: 'http://127.0.0.1:1/jwks' }).verifier.ready()).rejects.toMatchObject({
      code: 'keys_unavailable',
    });
    server.answer = json(set(publicJwk(p256, 'a')));
    const up = remoteHarness(server);
    await up.verifier.ready();
    expect(up.verifier.verify(lasting(up, 'a'))).toMatchObject({ outcome: 'verified' });
  });
});
