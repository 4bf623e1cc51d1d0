import { createMemoryStorage } from '@portcullis/core';
import { requirement } from '@portcullis-internal/testkit';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../src/connection/connection.js';
import { createConnection } from '../src/connection/create-connection.js';
import type { ClientCredential } from '../src/provider.js';
import { createClientCredentials } from '../src/tokens/client-credentials.js';
import { beginDeviceFlow } from '../src/tokens/device-flow.js';
import { bindConnection, createDpopKey } from '../src/tokens/dpop-key.js';
import { createIntrospection } from '../src/tokens/introspection.js';
import { revokeToken } from '../src/tokens/revoke-token.js';
import { createTokenVault } from '../src/vault/create-token-vault.js';
import { hardSecret } from './support/hard-secret.js';
import { startTokenProvider, type TokenProvider } from './support/providers.js';
import { testProvider } from './support/test-provider.js';
import { ring } from './support/vault-harness.js';

let server: TokenProvider;
let strict: TokenProvider;
beforeAll(async () => {
  [server, strict] = await Promise.all([startTokenProvider(), startTokenProvider({ dpopNonce: true })]);
});
afterAll(() => Promise.all([server.close(), strict.close()]));

interface As {
  readonly at?: TokenProvider;
  readonly method?: 'client_secret_basic' | 'client_secret_post';
  readonly skewMs?: () => number;
}

function connect(clientId: string, credential: ClientCredential, { at = server, method, skewMs = () => 0 }: As = {}) {
  const provider = testProvider({
    issuer: at.issuer,
    scopes: ['openid', 'offline_access'],
    ...(method === undefined ? {} : { clientAuthentication: method }),
  });
  const registration = { provider, clientId, credential };
  return createConnection('certified', registration, {
    dangerouslyAllowPrivateNetwork: true,
    clock: () => Date.now() + skewMs(),
  });
}

const basic = (as: As = {}): Connection => connect('basic', { secret: hardSecret }, as);
const noWait = (): Promise<void> => Promise.resolve();

/** Signs alice in on a device. */
async function onDevice(connection: Connection, at: TokenProvider = server) {
  const flow = await beginDeviceFlow(connection, { wait: noWait, parameters: { prompt: 'consent' } });
  await at.approve(flow.userCode);
  return flow.tokens();
}

const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error: { code: string }) => error.code,
  );

describe('client credentials at a certified provider', () => {
  it(`proves itself by a secret with every awkward character, in the header or the body, never in a URL ${requirement('O12')}`, async () => {
    const connections = [basic(), connect('post', { secret: hardSecret }, { method: 'client_secret_post' })];
    for (const connection of connections) {
      const token = await createClientCredentials(connection).token({ scopes: ['read'] });
      expect(token).toMatchObject({ type: 'bearer', scopes: ['read'] });
      expect(token.expiresAt).toBeGreaterThan(Date.now() + 500_000);
    }
    await expect(createClientCredentials(connect('basic', { secret: 'wrong' })).token()).rejects.toMatchObject({
      code: 'provider_refused',
      providerError: 'invalid_client',
    });
  });

  it(`proves itself by a signed assertion that is used once ${requirement('O13')}`, async () => {
    const connection = connect('signing', { privateKey: { key: server.signingKey, kid: 'signing-1' } });
    const machine = createClientCredentials(connection);
    await machine.token();
    await machine.token({ scopes: ['read'] });
    const assertions = (await server.seen())
      .filter(({ parameters }) => parameters['client_assertion'] !== undefined)
      .map(({ parameters }) => String(parameters['client_assertion']));
    expect(assertions).toHaveLength(2);
    const claims = assertions.map((assertion) => decodeJwt(assertion));
    expect(new Set(claims.map(({ jti }) => jti)).size).toBe(2);
    for (const { iss, sub, exp = 0, iat = 0 } of claims) {
      expect([iss, sub]).toEqual(['signing', 'signing']);
      expect(exp - iat).toBeLessThanOrEqual(60);
    }
    expect(decodeProtectedHeader(assertions[0] ?? '')).toMatchObject({ alg: 'ES256', kid: 'signing-1' });
  });

  it(`names the API that a token is for, which the server says again ${requirement('O14')}`, async () => {
    const machine = createClientCredentials(basic());
    const resource = 'https://api.example.com/';
    const { token } = await machine.token({ scopes: ['read'], resource });
    expect((await server.seen()).at(-1)?.parameters['resource']).toBe(resource);
    expect(await createIntrospection(basic(), { audience: resource }).introspect(token)).toMatchObject({
      active: true,
      audience: [resource],
    });
    expect(await createIntrospection(basic(), { audience: 'https://other.example.com/' }).introspect(token)).toEqual({
      active: false,
    });
    for (const wrong of ['/relative', 'https://api.example.com/#fragment']) {
      expect(await code(machine.token({ resource: wrong }))).toBe('invalid_option');
    }
  });

  it(`binds tokens to a key, with the nonce that the server wants ${requirement('B8')}`, async () => {
    const machine = createClientCredentials(bindConnection(basic({ at: strict }), await createDpopKey()));
    const { type, token } = await machine.token();
    expect(type).toBe('dpop');
    expect((await strict.seen()).map(({ status }) => status).slice(0, 2)).toEqual([400, 200]);
    const said = await createIntrospection(basic({ at: strict })).introspect(token);
    expect(said.active && said.confirmation.jkt).toMatch(/^[\w-]{43}$/);
    await machine.token({ scopes: ['read'] });
    expect(await strict.seen()).toHaveLength(3);
  });
});

describe('a device at a certified provider', () => {
  it(`waits for its user, and gets tokens with a verified ID token ${requirement('O23')}`, async () => {
    const connection = connect('tv', { none: true });
    const device = { asked: 0, userCode: '' };
    const wait = async (ms: number): Promise<void> => {
      expect(ms).toBe(5_000);
      device.asked++;
      if (device.asked === 3) await server.approve(device.userCode);
    };
    const flow = await beginDeviceFlow(connection, { wait, parameters: { prompt: 'consent' } });
    device.userCode = flow.userCode;
    expect(flow.verificationUri).toBe(`${server.issuer}/device`);
    const tokens = await flow.tokens();
    expect(device.asked).toBe(3);
    expect(tokens.claims).toMatchObject({ iss: server.issuer, sub: 'alice', aud: 'tv' });
    expect(tokens.refreshToken).toBeDefined();
    expect(await flow.tokens()).toBe(tokens);
  });

  it(`stops when its user declines ${requirement('O23')}`, async () => {
    const flow = await beginDeviceFlow(connect('tv', { none: true }), { wait: noWait });
    await server.decline(flow.userCode);
    expect(await code(flow.tokens())).toBe('sign_in_denied');
  });
});

describe('a vault at a certified provider', () => {
  function open(connection: Connection, skewMs: () => number) {
    const clock = (): number => Date.now() + skewMs();
    return createTokenVault({
      storage: createMemoryStorage({ clock }),
      encryptionKeys: ring,
      connections: [connection],
      clock,
    });
  }

  it(`refreshes with rotation, keeps the identity, and ends with the grant ${requirement('I5')}`, async () => {
    let skew = 0;
    // The provider reads the machine's clock, so only the vault believes that its token has expired.
    const connection = connect('web', { secret: 'web secret' });
    const vault = open(connection, () => skew);
    const tokens = await onDevice(connection);
    await vault.store({ user: 'u1', provider: 'certified', tokens });
    const shown: unknown[] = [];
    for (let round = 0; round < 3; round++) {
      skew += 700_000;
      await vault.accessToken('u1', 'certified');
      shown.push((await server.seen()).at(-1)?.parameters['refresh_token']);
    }
    expect(new Set(shown).size).toBe(3);
    const last = await vault.accessToken('u1', 'certified');
    const introspection = createIntrospection(basic());
    expect(await introspection.introspect(last.token)).toMatchObject({ active: true, subject: 'alice' });

    expect(await vault.revoke('u1', 'certified')).toBe('revoked');
    expect(await introspection.introspect(last.token)).toEqual({ active: false });
    expect(await code(vault.accessToken('u1', 'certified'))).toBe('reauthentication_required');
  });

  it('learns that the grant is over when a stolen refresh token was used first', async () => {
    let skew = 0;
    const connection = connect('web', { secret: 'web secret' });
    const [vault, thief] = [open(connection, () => skew), open(connection, () => skew)];
    const tokens = await onDevice(connection);
    await vault.store({ user: 'u1', provider: 'certified', tokens });
    await thief.store({ user: 'u1', provider: 'certified', tokens });
    skew += 700_000;
    await thief.accessToken('u1', 'certified');
    expect(await code(vault.accessToken('u1', 'certified'))).toBe('reauthentication_required');
    skew += 700_000;
    expect(await code(thief.accessToken('u1', 'certified'))).toBe('reauthentication_required');
  });

  it(`refreshes a public client's token with its own key, and with no other ${requirement('B9')}`, async () => {
    let skew = 0;
    const connection = connect('tv', { none: true }, { at: strict });
    const vault = open(connection, () => skew);
    const dpopKey = await createDpopKey();
    const tokens = await onDevice(bindConnection(connection, dpopKey), strict);
    expect(tokens.tokenType).toBe('dpop');
    await vault.store({ user: 'u1', provider: 'certified', tokens, dpopKey });
    skew += 700_000;
    const renewed = await vault.accessToken('u1', 'certified');
    expect(renewed.type).toBe('dpop');
    expect(renewed.token.reveal()).not.toBe(tokens.accessToken.reveal());

    const other = await onDevice(bindConnection(connection, await createDpopKey()), strict);
    await vault.store({ user: 'u2', provider: 'certified', tokens: other, dpopKey: await createDpopKey() });
    skew += 700_000;
    expect(await code(vault.accessToken('u2', 'certified'))).toBe('reauthentication_required');
  });
});

describe('introspection and revocation at a certified provider', () => {
  it(`lets a token pass until it is revoked, and nothing that was never one ${requirement('O28')}`, async () => {
    const machine = createClientCredentials(basic());
    const introspection = createIntrospection(basic());
    const { token } = await machine.token({ scopes: ['write'] });
    expect(await introspection.introspect(token)).toMatchObject({ active: true, clientId: 'basic', scopes: ['write'] });
    expect(await revokeToken(basic(), { token, hint: 'access_token' })).toBe('revoked');
    expect(await introspection.introspect(token)).toEqual({ active: false });
    expect(await introspection.introspect('never issued')).toEqual({ active: false });
    expect(await code(createIntrospection(connect('basic', { secret: 'wrong' })).introspect(token))).toBe(
      'provider_refused',
    );
    expect(() => createIntrospection(connect('tv', { none: true }))).toThrow(/authenticated clients/);
  });
});
