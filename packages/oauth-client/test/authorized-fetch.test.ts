import { requirement } from '@portcullis-internal/testkit';
import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { createClientCredentials } from '../src/tokens/client-credentials.js';
import { bindConnection, createDpopKey } from '../src/tokens/dpop-key.js';
import { tokenEndpoint } from './support/token-endpoint.js';
import { harness } from './support/vault-harness.js';

const api = 'https://api.example.com';

interface Sent {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string;
}

async function setUp(answer: (sent: Sent, count: number) => Response | Promise<Response>) {
  const parts = harness();
  const vault = parts.vault();
  const tokens = parts.provider.issue();
  await vault.store({ user: 'alice', provider: 'example', tokens });
  // A token that has just come is not renewed on a refusal.
  parts.clock.advance(10_000);
  const sent: Sent[] = [];
  const fetch = vault.fetch('alice', 'example', {
    origins: [api, 'https://files.example.com'],
    async fetch(url, init = {}) {
      expect(init.redirect).toBe('manual');
      const { body } = init;
      const text = body === null || body === undefined ? '' : await new Response(body).text();
      const one = { url, method: init.method ?? 'GET', headers: new Headers(init.headers), body: text };
      sent.push(one);
      return answer(one, sent.length);
    },
  });
  return { ...parts, fetch, sent, first: tokens.accessToken.reveal(), v: vault };
}

const redirect = (to: string, status = 302): Response => new Response('', { status, headers: { location: to } });
const authorization = ({ headers }: Sent): string | null => headers.get('authorization');

describe('where a token goes', () => {
  it('to the origins of the API, in the header, whatever the caller put there', async () => {
    const { fetch, sent, first } = await setUp(() => new Response('ok'));
    const response = await fetch(`${api}/me?x=1`, { headers: { authorization: 'Basic mine', accept: 'text/plain' } });
    expect(await response.text()).toBe('ok');
    expect(sent.map(authorization)).toEqual([`Bearer ${first}`]);
    expect(sent[0]?.headers.get('accept')).toBe('text/plain');
    await fetch(new Request(`${api}/things`, { method: 'POST', body: 'text' }));
    expect(sent[1]).toMatchObject({ method: 'POST', body: 'text' });
  });

  it.each([
    'https://evil.example.com/',
    'https://api.example.com.evil.example/',
    'https://api.example.com:8443/',
    'http://api.example.com/',
    'https://api.example.com@evil.example.com/',
  ])('never to %s', async (url) => {
    const { fetch, sent } = await setUp(() => new Response('ok'));
    await expect(fetch(url)).rejects.toMatchObject({ code: 'origin_refused' });
    expect(sent).toEqual([]);
  });

  it('never along a redirect to another origin: the caller gets the redirect', async () => {
    const { fetch, sent } = await setUp(() => redirect('https://evil.example.com/collect'));
    expect((await fetch(`${api}/me`)).status).toBe(302);
    expect(sent).toHaveLength(1);
  });

  it('along redirects among the allowed origins, for reading only and not without end', async () => {
    const { fetch, sent, first } = await setUp((_sent, count) =>
      count === 1 ? redirect('https://files.example.com/a', 307) : count === 2 ? redirect('/b') : new Response('ok'),
    );
    expect(await (await fetch(`${api}/file`)).text()).toBe('ok');
    expect(sent.map(({ url }) => url)).toEqual([
      `${api}/file`,
      'https://files.example.com/a',
      'https://files.example.com/b',
    ]);
    expect(new Set(sent.map(authorization))).toEqual(new Set([`Bearer ${first}`]));

    const posting = await setUp(() => redirect('/elsewhere', 308));
    expect((await posting.fetch(`${api}/x`, { method: 'POST', body: 'b' })).status).toBe(308);
    expect(posting.sent).toHaveLength(1);
    const manual = await setUp(() => redirect('/elsewhere'));
    expect((await manual.fetch(`${api}/x`, { redirect: 'manual' })).status).toBe(302);
    const endless = await setUp(() => redirect('/again'));
    expect((await endless.fetch(`${api}/x`)).status).toBe(302);
    expect(endless.sent).toHaveLength(6);
  });

  it('to origins only, that are named', () => {
    const vault = harness().vault();
    for (const origins of [[], ['https://api.example.com/path'], ['http://api.example.com'], ['api.example.com']]) {
      expect(() => vault.fetch('alice', 'example', { origins })).toThrow(/origins/);
    }
    expect(() => vault.fetch('alice', 'example')).toThrow(/origins/);
  });
});

describe('a token that the API refuses', () => {
  it('is renewed and the request sent once more, whatever body can be sent again', async () => {
    for (const body of [
      'text',
      new URLSearchParams({ a: 'b' }),
      new TextEncoder().encode('bytes'),
      new Blob(['blob']),
    ]) {
      const { fetch, sent, first, provider } = await setUp((one) =>
        authorization(one) === `Bearer ${first}` ? new Response('', { status: 401 }) : new Response('ok'),
      );
      expect(await (await fetch(`${api}/x`, { method: 'POST', body })).text()).toBe('ok');
      expect(sent).toHaveLength(2);
      expect(sent[1]?.body).toBe(sent[0]?.body);
      expect(provider.refreshed).toHaveLength(1);
    }
  });

  it('is renewed once for all who were refused it', async () => {
    const { fetch, sent, first, provider } = await setUp((one) =>
      authorization(one) === `Bearer ${first}` ? new Response('', { status: 401 }) : new Response('ok'),
    );
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(`${api}/x`)));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(provider.refreshed).toHaveLength(1);
    expect(sent).toHaveLength(40);
  });

  it("is the caller's to see when its body was a stream, or another token is refused too", async () => {
    const streamed = await setUp(() => new Response('no', { status: 401 }));
    const body = new Blob(['a stream']).stream();
    const response = await streamed.fetch(`${api}/x`, { method: 'POST', body });
    expect([response.status, await response.text()]).toEqual([401, 'no']);
    expect(streamed.sent).toHaveLength(1);

    const always = await setUp(() => new Response('no', { status: 401 }));
    for (let call = 0; call < 5; call++) expect((await always.fetch(`${api}/x`)).status).toBe(401);
    // The first call renews; a token that has just come is not bettered by another.
    expect(always.provider.refreshed).toHaveLength(1);
    expect(always.sent).toHaveLength(6);
  });

  it('is renewed also while others, who are content with it, are being served', async () => {
    const parts = await setUp((one) => {
      if (authorization(one) !== `Bearer ${parts.first}`) return new Response('ok');
      let release = (): void => undefined;
      const held = new Promise<void>((resolve) => (release = resolve));
      let reads = 0;
      parts.setFault((operation) => (operation === 'get' && reads++ === 0 ? held : undefined));
      void parts.v.accessToken('alice', 'example').then(() => parts.setFault(undefined));
      setImmediate(release);
      return new Response('', { status: 401 });
    });
    expect((await parts.fetch(`${api}/x`)).status).toBe(200);
    expect(parts.provider.refreshed).toHaveLength(1);
  });

  it('is not replaced again and again for an API that refuses every one', async () => {
    let serial = 0;
    const { connection, asked, clock } = tokenEndpoint(() => ({ access_token: `t${++serial}`, token_type: 'Bearer' }));
    const send = async (): Promise<Response> => new Response('', { status: 401 });
    const fetch = createClientCredentials(connection).fetch({ origins: [api], fetch: send });
    for (let call = 0; call < 5; call++) expect((await fetch(`${api}/x`)).status).toBe(401);
    expect(asked).toHaveLength(1);
    clock.advance(5_000);
    for (let call = 0; call < 5; call++) expect((await fetch(`${api}/x`)).status).toBe(401);
    expect(asked).toHaveLength(2);
  });

  it('is handed on where nothing renews it', async () => {
    const { fetch, v, provider, clock } = await setUp(() => new Response('no', { status: 401 }));
    await v.remove('alice', 'example');
    await v.store({ user: 'alice', provider: 'example', tokens: { ...provider.issue(), refreshToken: undefined } });
    clock.advance(10_000);
    expect((await fetch(`${api}/x`)).status).toBe(401);
    expect((await v.list('alice'))[0]?.state).toBe('active');
  });
});

describe('a token that is bound to a key', () => {
  it(`goes with a proof for its request, and with the nonce that the API wants ${requirement('B8')}`, async () => {
    const { connection } = tokenEndpoint(() => ({ access_token: 'bound', token_type: 'DPoP', expires_in: 600 }));
    const machine = createClientCredentials(bindConnection(connection, await createDpopKey()));
    const proofs: ReturnType<typeof decodeJwt>[] = [];
    const schemes: (string | null)[] = [];
    const fetch = machine.fetch({
      origins: [api],
      async fetch(_url, init = {}) {
        const headers = new Headers(init.headers);
        schemes.push(headers.get('authorization'));
        const proof = decodeJwt(headers.get('dpop') ?? '');
        proofs.push(proof);
        if (proof['nonce'] === 'n1') return new Response('ok');
        return new Response('', {
          status: 401,
          headers: { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'n1' },
        });
      },
    });
    expect((await fetch(`${api}/x?query#fragment`, { method: 'put', body: 'b' })).status).toBe(200);
    expect((await fetch(`${api}/y`)).status).toBe(200);
    expect(schemes).toEqual(['DPoP bound', 'DPoP bound', 'DPoP bound']);
    expect(proofs.map(({ nonce }) => nonce)).toEqual([undefined, 'n1', 'n1']);
    expect(proofs[1]).toMatchObject({ htm: 'PUT', htu: `${api}/x` });
    expect(typeof proofs[1]?.['ath']).toBe('string');
    expect(new Set(proofs.map(({ jti }) => jti)).size).toBe(3);
  });
});
