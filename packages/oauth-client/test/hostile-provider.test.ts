import { readFileSync } from 'node:fs';
import { requirement } from '@portcullis-internal/testkit';
import { decodeProtectedHeader, SignJWT, UnsecuredJWT } from 'jose';
import * as oauth from 'oauth4webapi';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { leftHalfHash } from '../src/sign-in/verify-id-token.js';
import { type Harness, startHarness } from './support/sign-in-harness.js';

const open: Harness[] = [];
async function start(changes?: Parameters<typeof startHarness>[0]): Promise<Harness> {
  const harness = await startHarness(changes);
  open.push(harness);
  return harness;
}
let harness: Harness;
beforeEach(async () => {
  harness = await start();
});
afterEach(async () => {
  for (const each of open.splice(0)) await each.provider.close();
});

const misbehaved = { code: 'provider_misbehaved' };
const seconds = (): number => Math.floor(harness.clock() / 1000);

function vector(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`./vectors/${name}.json`, import.meta.url), 'utf8'));
}

describe('an answer of the wrong provider', () => {
  it.each([
    ['advertised and absent', true, undefined, false],
    ['advertised and another', true, 'https://evil.example', false],
    ['not advertised and another', false, 'https://evil.example', false],
    ['not advertised and absent', false, undefined, true],
  ] as const)(`is refused: iss %s ${requirement('O6')}`, async (_name, advertised, iss, accepted) => {
    harness.provider.metadata = { authorization_response_iss_parameter_supported: advertised };
    const parameters = await harness.provider.authorize(await harness.begin(), { iss });
    if (accepted) {
      expect((await harness.complete(parameters)).profile.subject).toBe('user-1');
      return;
    }
    await expect(harness.complete(parameters)).rejects.toMatchObject(misbehaved);
    expect(harness.provider.tokenRequests).toEqual([]);
  });

  it(`is refused for a slash, an upper case or a port more ${requirement('O7')}`, async () => {
    const { issuer } = harness.provider;
    for (const iss of [`${issuer}/`, issuer.replace('http:', 'HTTP:'), `${issuer}?`, '']) {
      const parameters = await harness.provider.authorize(await harness.begin(), { iss });
      await expect(harness.complete(parameters), iss).rejects.toMatchObject(misbehaved);
    }
  });

  it(`has its error neither used nor shown ${requirement('O8')}`, async () => {
    const parameters = await harness.provider.authorize(await harness.begin(), {
      iss: 'https://evil.example',
      error: 'access_denied',
      error_description: 'call this number',
    });
    const failure: unknown = await harness.complete(parameters).catch((error: unknown) => error);
    expect(failure).toMatchObject({ ...misbehaved, providerError: undefined });
    expect(String(failure)).not.toMatch(/access_denied|number/);
  });
});

describe('an ID token that is no good', () => {
  it.each<[string, Record<string, unknown>]>([
    ['another issuer', { iss: 'https://evil.example' }],
    ['another audience', { aud: 'client-2' }],
    ['no audience', { aud: undefined }],
    ['two audiences and no azp', { aud: ['client-1', 'client-2'] }],
    ['another azp', { azp: 'client-2' }],
    ['an expiry that is past', { exp: 1_000 }],
    ['no expiry', { exp: undefined }],
    ['no time of issue', { iat: undefined }],
    ['another nonce', { nonce: 'x' }],
    ['no nonce', { nonce: undefined }],
    ['no subject', { sub: undefined }],
    ['an empty subject', { sub: '' }],
    ['an endless subject', { sub: 'a'.repeat(256) }],
  ])(`is refused: %s ${requirement('I1')}`, async (_name, claims) => {
    harness.provider.claims = claims;
    await expect(harness.signIn()).rejects.toMatchObject(misbehaved);
  });

  it('is taken with two audiences when this client is the authorized party', async () => {
    harness.provider.claims = { aud: ['client-1', 'client-2'], azp: 'client-1' };
    expect((await harness.signIn()).profile.subject).toBe('user-1');
  });

  it(`is refused unsigned, and signed with the client secret ${requirement('I6', 'I1')}`, async () => {
    harness.provider.makeIdToken = async (claims) => new UnsecuredJWT(claims).encode();
    await expect(harness.signIn()).rejects.toMatchObject(misbehaved);
    harness.provider.makeIdToken = (claims) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256' })
        .sign(new TextEncoder().encode('the secret'.padEnd(32, '!')));
    await expect(harness.signIn()).rejects.toMatchObject(misbehaved);
  });

  it(`is refused with a signature that was changed, or is of another key ${requirement('I1')}`, async () => {
    const { sign } = harness.provider;
    harness.provider.makeIdToken = async (claims) => `${(await sign(claims)).slice(0, -4)}AAAA`;
    await expect(harness.signIn()).rejects.toMatchObject(misbehaved);
  });

  it(`is refused when it was swapped for one of another sign-in ${requirement('I1')}`, async () => {
    let first = '';
    const { sign } = harness.provider;
    harness.provider.makeIdToken = async (claims) => (first ||= await sign(claims));
    await harness.signIn();
    await expect(harness.signIn()).rejects.toMatchObject(misbehaved);
  });

  it.each([
    ['at_hash', misbehaved],
    ['c_hash', misbehaved],
  ])(`is refused with the %s of another ${requirement('I2')}`, async (name, failure) => {
    harness.provider.claims = { [name]: await leftHalfHash('ES256', 'another') };
    await expect(harness.signIn()).rejects.toMatchObject(failure);
  });

  it(`is refused when max_age was asked for and it is silent or too old ${requirement('I3')}`, async () => {
    harness.provider.claims = { auth_time: undefined };
    await expect(harness.signIn({ maxAge: 60 })).rejects.toMatchObject(misbehaved);
    harness.provider.claims = { auth_time: seconds() - 91 };
    await expect(harness.signIn({ maxAge: 60 })).rejects.toMatchObject(misbehaved);
    harness.provider.claims = { auth_time: seconds() - 60 };
    expect((await harness.signIn({ maxAge: 60 })).authenticatedAt).toBe((seconds() - 60) * 1000);
  });

  it('is missed when there is none', async () => {
    harness.provider.answer = { id_token: undefined };
    await expect(harness.signIn()).rejects.toMatchObject(misbehaved);
  });

  it('is compared with the issuer that its claims should have, where a record says so', async () => {
    const tenants = await start({
      record: { expectedIssuer: ({ tid }) => `https://login.example/${String(tid)}/v2.0` },
    });
    tenants.provider.claims = { tid: 't1', iss: 'https://login.example/t1/v2.0' };
    expect((await tenants.signIn()).profile.issuer).toBe('https://login.example/t1/v2.0');
    tenants.provider.claims = { tid: 't1', iss: 'https://login.example/t2/v2.0' };
    await expect(tenants.signIn()).rejects.toMatchObject(misbehaved);
  });
});

describe('at_hash and c_hash', () => {
  const { vectors } = vector('oidc-core-hashes') as {
    readonly vectors?: readonly { readonly alg: string; readonly input: string; readonly expected: string }[];
  };
  it.each(vectors ?? [])(`is the left half, as in the specification: $expected ${requirement('I2')}`, async (row) => {
    expect(await leftHalfHash(row.alg, row.input)).toBe(row.expected);
  });
});

describe('PKCE', () => {
  it(`makes the challenge of RFC 7636 appendix B ${requirement('O2')}`, async () => {
    const row = vector('rfc7636-appendix-b-pkce') as Readonly<Record<'code_verifier' | 'code_challenge', string>>;
    expect(await oauth.calculatePKCECodeChallenge(row.code_verifier)).toBe(row.code_challenge);
  });

  it(`sends a verifier of 43 unreserved characters that belongs to the challenge ${requirement('O2')}`, async () => {
    const url = new URL(await harness.begin());
    await harness.complete(await harness.provider.authorize(url.href));
    const verifier = harness.provider.tokenRequests[0]?.get('code_verifier') ?? '';
    expect(verifier).toMatch(/^[\w.~-]{43,128}$/);
    expect(await oauth.calculatePKCECodeChallenge(verifier)).toBe(url.searchParams.get('code_challenge'));
  });
});

describe('a token answer that is no good', () => {
  it.each(['mac', 'DPoP', '', 7])(`is refused with token type %j ${requirement('O17')}`, async (type) => {
    harness.provider.answer = { token_type: type };
    await expect(harness.signIn()).rejects.toMatchObject(misbehaved);
  });

  it.each(['bearer', 'Bearer', 'BEARER'])(`is taken with token type %s ${requirement('O17')}`, async (type) => {
    harness.provider.answer = { token_type: type };
    expect((await harness.signIn()).tokens.tokenType).toBe('bearer');
  });

  it('says what was granted, when that is less', async () => {
    harness.provider.answer = { scope: 'openid' };
    expect((await harness.signIn({ scopes: ['openid', 'email'] })).tokens.scopes).toEqual(['openid']);
  });

  it('is refused when it is slow, huge, a redirect or no JSON', async () => {
    const short = await start({
      options: { limits: { dangerouslyAllowPrivateNetwork: true, timeoutMs: 300, maxBytes: 4096 } },
    });
    short.provider.takeOver = (response) => void response.write('{');
    await expect(short.signIn()).rejects.toMatchObject({ code: 'provider_unavailable' });
    short.provider.takeOver = (response) => void response.end(`{"access_token":"${'a'.repeat(10_000)}"}`);
    await expect(short.signIn()).rejects.toMatchObject({ code: 'provider_unavailable' });
    short.provider.takeOver = (response) => void response.writeHead(307, { location: '/elsewhere' }).end();
    await expect(short.signIn()).rejects.toMatchObject(misbehaved);
    short.provider.takeOver = (response) => void response.end('<html>');
    await expect(short.signIn()).rejects.toMatchObject(misbehaved);
  });

  it('is a refusal when the code was used before', async () => {
    const url = await harness.begin();
    const parameters = await harness.provider.authorize(url);
    const again = await harness.provider.authorize(await harness.begin(), { code: parameters.get('code') ?? '' });
    await harness.complete(parameters);
    await expect(harness.complete(again)).rejects.toMatchObject({
      code: 'provider_refused',
      providerError: 'invalid_grant',
    });
  });
});

describe('a description of somebody else', () => {
  it.each([{ sub: 'user-2' }, { sub: undefined }])(`is refused: %j ${requirement('I4')}`, async (userInfo) => {
    harness.provider.userInfo = userInfo;
    await expect(harness.signIn()).rejects.toMatchObject(misbehaved);
  });
});

describe('requests that are pushed or signed', () => {
  it(`are pushed once each where that is offered, and nothing but the reference is in the address ${requirement('O24')}`, async () => {
    harness.provider.metadata = { pushed_authorization_request_endpoint: `${harness.provider.issuer}/par` };
    const urls = [await harness.begin(), await harness.begin()].map((url) => new URL(url));
    for (const { searchParams } of urls) expect([...searchParams.keys()].sort()).toEqual(['client_id', 'request_uri']);
    expect(urls[0]?.searchParams.get('request_uri')).not.toBe(urls[1]?.searchParams.get('request_uri'));
    expect(harness.provider.pushed).toHaveLength(2);
    expect((await harness.complete(await harness.provider.authorize(urls[0]?.href ?? ''))).profile.subject).toBe(
      'user-1',
    );
  });

  it(`say until when the reference is good ${requirement('O24')}`, async () => {
    harness.provider.metadata = { pushed_authorization_request_endpoint: `${harness.provider.issuer}/par` };
    const { expiresAt } = await harness.oauth.begin(harness.browser.visit('/auth/example'), 'example');
    expect(expiresAt).toBe(harness.clock() + 60_000);
  });

  it(`are signed with their own type, and then nothing stands beside ${requirement('O25')}`, async () => {
    const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
      'sign',
      'verify',
    ]);
    const signing = await start({ registration: { requestObjectKey: privateKey } });
    const { searchParams } = new URL(await signing.begin());
    expect([...searchParams.keys()].sort()).toEqual(['client_id', 'request']);
    expect(decodeProtectedHeader(searchParams.get('request') ?? '').typ).toBe('oauth-authz-req+jwt');

    signing.provider.metadata = { pushed_authorization_request_endpoint: `${signing.provider.issuer}/par` };
    signing.clock.advance(3_600_000);
    const pushed = new URL(await signing.begin()).searchParams;
    expect([...pushed.keys()].sort()).toEqual(['client_id', 'request_uri']);
    expect(signing.provider.pushed[0]?.has('request')).toBe(true);
    expect(signing.provider.pushed[0]?.has('request_uri')).toBe(false);
  });

  it(`ask in detail, and what is granted is checked ${requirement('O26')}`, async () => {
    const details = [{ type: 'payment', amount: '1' }];
    await expect(harness.begin({ authorizationDetails: [{ amount: '1' } as never] })).rejects.toThrow(
      /^authorizationDetails: /,
    );
    harness.provider.answer = { authorization_details: details };
    expect((await harness.signIn({ authorizationDetails: details })).tokens.extra['authorization_details']).toEqual(
      details,
    );
    for (const granted of [[{ type: 'transfer' }], [{}], 'payment', undefined]) {
      harness.provider.answer = { authorization_details: granted };
      await expect(harness.signIn({ authorizationDetails: details })).rejects.toMatchObject(misbehaved);
    }
  });

  it(`are refused under the MCP profile by a server that is silent about S256 ${requirement('O3')}`, async () => {
    const mcp = await start({ record: { discovery: 'mcp' } });
    await expect(mcp.begin()).rejects.toMatchObject(misbehaved);
    mcp.provider.metadata = { code_challenge_methods_supported: ['S256'] };
    mcp.clock.advance(3_600_000);
    expect(new URL(await mcp.begin()).searchParams.get('code_challenge_method')).toBe('S256');
  });
});
