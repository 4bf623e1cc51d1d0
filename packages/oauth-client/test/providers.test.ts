import { createHmac } from 'node:crypto';
import { requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAuthorizationRequest } from '../src/sign-in/authorization-request.js';
import type { Connection } from '../src/connection/connection.js';
import { createConnection } from '../src/connection/create-connection.js';
import type { ProfileSources } from '../src/provider.js';
import * as providers from '../src/providers/index.js';
import { redeemAuthorization } from '../src/sign-in/redeem-authorization.js';
import { type ProviderFixture, providerFixtures, withValue } from './support/provider-fixtures.js';
import { createProviderServer, type ProviderServer } from './support/provider-server.js';

const redirectUri = 'https://app.example.org/auth/callback';
const table = providerFixtures.map((fixture) => [fixture.name, fixture] as const);

function connect({ provider }: ProviderFixture, server: ProviderServer): Connection {
  const credential = provider.clientAuthentication === 'none' ? { none: true as const } : { secret: 'secret/1' };
  return createConnection(provider.id, { provider, clientId: 'client-1', credential }, { fetch: server.fetch });
}

// As the one provider does that signs its callbacks.
function sign(parameters: URLSearchParams, secret: string): void {
  parameters.sort();
  parameters.set('hmac', createHmac('sha256', secret).update(parameters.toString()).digest('hex'));
}

describe('the table of fixtures', () => {
  it('has every provider that is exported', () => {
    const helpers = ['appleClientSecret', 'openidProfile'];
    const exported = Object.keys(providers).filter((name) => !helpers.includes(name));
    expect(providerFixtures.map(({ name }) => name).sort()).toEqual(exported.sort());
    expect(new Set(providerFixtures.map(({ provider }) => provider.id)).size).toBeGreaterThanOrEqual(40);
  });
});

describe.each(table)('%s', (_name, fixture) => {
  const { provider, sources, profile } = fixture;

  it(`builds an authorization request for a code, with PKCE ${requirement('O1', 'O2')}`, async () => {
    const connection = connect(fixture, await createProviderServer(fixture));
    const { url, transaction } = await createAuthorizationRequest(connection, { redirectUri });
    const { protocol, searchParams } = new URL(url);
    expect(protocol).toBe('https:');
    expect(url.startsWith(provider.endpoints?.authorization ?? provider.issuer)).toBe(true);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      ...provider.authorizationParameters,
      [provider.clientIdParameter ?? 'client_id']: 'client-1',
      redirect_uri: redirectUri,
      response_type: 'code',
      state: transaction.state,
      code_challenge_method: 'S256',
    });
    expect(searchParams.get('code_challenge')).toMatch(/^[\w-]{43}$/);
    expect(searchParams.get('nonce') ?? undefined).toBe(provider.openid ? transaction.nonce : undefined);
    const scope = provider.scopes.join(provider.scopeSeparator ?? ' ');
    expect(searchParams.get('scope') ?? '').toBe(scope);
    expect(searchParams.get('response_mode') ?? 'query').toBe(provider.responseMode ?? 'query');
  });

  it('signs a user in with the answers that its documentation shows', async () => {
    const server = await createProviderServer(fixture);
    const connection = connect(fixture, server);
    const { transaction } = await createAuthorizationRequest(connection, { redirectUri });
    server.nonce = transaction.nonce;
    const callback = { device_id: 'device-1', ...sources.callback } as Record<string, string>;
    const parameters = new URLSearchParams({ ...callback, code: 'code-1', state: transaction.state });
    if (provider.isOwnCallback !== undefined) sign(parameters, 'secret/1');
    const signedIn = await redeemAuthorization(connection, transaction, { parameters });
    const issuer = typeof sources.claims['iss'] === 'string' ? sources.claims['iss'] : provider.issuer;
    expect(signedIn.profile).toEqual({ issuer, ...profile });
    expect(signedIn.tokens.accessToken.reveal()).toBe('at/1');
    const asked = server.asked.find(({ body }) => body.includes('code-1'));
    const sent = asked?.headers.get('content-type')?.startsWith('application/json')
      ? new Map(Object.entries(JSON.parse(asked.body) as Record<string, string>))
      : new URLSearchParams(asked?.body);
    expect(sent.get('code_verifier')).toBe(transaction.verifier);
    for (const name of provider.tokenRequestRepeats ?? []) expect(sent.get(name)).toBe(parameters.get(name));
    const basic = /^Basic (.+)$/.exec(asked?.headers.get('authorization') ?? '')?.[1];
    const inHeader = decodeURIComponent(atob(basic ?? '')) === 'client-1:secret/1';
    const inBody = sent.get('client_secret') === 'secret/1';
    expect([inHeader, inBody].filter(Boolean)).toHaveLength(provider.clientAuthentication === 'none' ? 0 : 1);
  });

  it('maps no junk to a checked address, and throws at none', () => {
    const junk = fc.record({
      claims: fc.dictionary(fc.string(), fc.jsonValue()),
      userInfo: fc.array(fc.jsonValue(), { maxLength: 3 }),
      token: fc.dictionary(fc.string(), fc.jsonValue()),
      callback: fc.dictionary(fc.string(), fc.string()),
    });
    fc.assert(
      fc.property(junk, (made) => {
        const mapped = provider.profile(made as ProfileSources);
        expect(mapped.emailVerified).toBe(false);
        expect(typeof mapped.subject).toBe('string');
      }),
      { numRuns: 50 },
    );
  });

  it('maps its own answer with any one part replaced', () => {
    const paths: (string | number)[][] = [];
    const walk = (value: unknown, path: (string | number)[]): void => {
      // The sources themselves are ours, and always there.
      if (path.length > 1) paths.push(path);
      if (typeof value !== 'object' || value === null) return;
      for (const key of Object.keys(value)) walk((value as Record<string, unknown>)[key], [...path, key]);
    };
    walk(sources.claims, ['claims']);
    walk(sources.userInfo, ['userInfo']);
    walk(sources.token, ['token']);
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
        const mapped = provider.profile(withValue(sources, path, value));
        // A replaced part may be the very statement, and the junk a `true`; without one nothing is checked.
        if (!profile.emailVerified) expect(mapped.emailVerified).toBe(false);
        expect(typeof mapped.subject).toBe('string');
      }),
      { numRuns: 50 },
    );
  });

  const { statement } = fixture;
  const title =
    statement === undefined ? 'calls no address checked' : 'calls an address checked only where the provider says so';
  it(title, () => {
    expect(profile.emailVerified).toBe(statement !== undefined);
    for (const value of [
      undefined,
      null,
      false,
      0,
      2,
      '',
      'false',
      'yes',
      'TRUE',
      [],
      {},
      [true],
      { verified: true },
    ]) {
      // X's statement is the address itself.
      if (statement === undefined || (provider.id === 'x' && typeof value === 'string' && value !== '')) continue;
      expect(provider.profile(withValue(sources, statement, value)).emailVerified, JSON.stringify(value)).toBe(false);
    }
  });

  it('names its documentation', () => expect(fixture.documentation).toMatch(/^https:\/\//));
});
