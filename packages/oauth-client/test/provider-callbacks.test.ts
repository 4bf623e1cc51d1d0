import { createHmac } from 'node:crypto';
import { createMemoryStorage } from '@portcullis/core';
import { fakeClock } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { createConnection } from '../src/connection/create-connection.js';
import { shopify, vk } from '../src/providers/index.js';
import { createAuthorizationRequest } from '../src/sign-in/authorization-request.js';
import { redeemAuthorization } from '../src/sign-in/redeem-authorization.js';
import { createTokenVault } from '../src/vault/create-token-vault.js';
import { ring } from './support/vault-harness.js';

const redirectUri = 'https://app.example.org/auth/callback';

describe('shopify', () => {
  const provider = shopify({ shop: 'acme.myshopify.com' });
  const person = { id: 7, email: 'ada@example.org', email_verified: true };

  function connect() {
    let asked = 0;
    const connection = createConnection(
      'shopify',
      { provider, clientId: 'client-1', credential: { secret: 'hush' } },
      {
        async fetch() {
          asked += 1;
          return Response.json({ access_token: 'at', associated_user: person });
        },
      },
    );
    return { connection, asked: () => asked };
  }

  const signed = (fields: Readonly<Record<string, string>>, secret = 'hush'): URLSearchParams => {
    const parameters = new URLSearchParams(fields);
    parameters.sort();
    parameters.set('hmac', createHmac('sha256', secret).update(parameters.toString()).digest('hex'));
    return parameters;
  };

  it('takes a callback that the provider signed, whatever the order of its parameters', async () => {
    const { connection } = connect();
    const { transaction } = await createAuthorizationRequest(connection, { redirectUri });
    const host = 'YWRtaW4uc2hvcGlmeS5jb20vc3RvcmUvYWNtZQ==';
    const fields = { code: 'c', host, shop: 'acme.myshopify.com', state: transaction.state, timestamp: '1337178173' };
    const parameters = new URLSearchParams([...signed(fields)].reverse());
    const { profile } = await redeemAuthorization(connection, transaction, { parameters });
    expect(profile).toMatchObject({ subject: '7', issuer: 'https://acme.myshopify.com' });
  });

  it('agrees with an example that others publish', () => {
    const parameters = new URLSearchParams(
      'code=0907a61c0c8d55e99db179b68161bc00&hmac=4712bf92ffc2917d15a2f5a273e39f0116667419aa4b6ac0b3baaf26fa3c4d20&shop=some-shop.myshopify.com&timestamp=1337178173',
    );
    const { isOwnCallback } = shopify({ shop: 'some-shop.myshopify.com' });
    expect(isOwnCallback?.(parameters, 'hush')).toBe(true);
    expect(isOwnCallback?.(parameters, 'Hush')).toBe(false);
  });

  it('asks for no token when a callback is unsigned, changed, signed by another, or of another shop', async () => {
    const { connection, asked } = connect();
    const { transaction } = await createAuthorizationRequest(connection, { redirectUri });
    const fields = { code: 'c', shop: 'acme.myshopify.com', state: transaction.state, timestamp: '1337178173' };
    const changed = signed(fields);
    changed.set('code', 'another');
    const added = signed(fields);
    added.append('extra', '1');
    const cut = signed(fields);
    cut.set('hmac', cut.get('hmac')?.slice(0, -1) ?? '');
    const upper = signed(fields);
    upper.set('hmac', upper.get('hmac')?.toUpperCase() ?? '');
    for (const parameters of [
      new URLSearchParams(fields),
      new URLSearchParams({ ...fields, hmac: '' }),
      changed,
      added,
      cut,
      upper,
      signed(fields, 'other'),
      signed({ ...fields, shop: 'evil.myshopify.com' }),
      signed({ error: 'access_denied', shop: 'acme.myshopify.com', state: transaction.state }, 'other'),
    ])
      await expect(redeemAuthorization(connection, transaction, { parameters })).rejects.toMatchObject({
        code: 'provider_misbehaved',
      });
    expect(asked()).toBe(0);
  });

  it('refuses at start-up a credential that callbacks are not signed with', () => {
    for (const credential of [{ none: true }, { mtls: true }] as const)
      expect(() => createConnection('shopify', { provider, clientId: 'c', credential })).toThrow(
        expect.objectContaining({ code: 'invalid_option' }),
      );
  });
});

describe('vk', () => {
  it('repeats at each renewal the device that the sign-in named', async () => {
    const clock = fakeClock();
    const asked: URLSearchParams[] = [];
    const connection = createConnection(
      'vk',
      { provider: vk, clientId: 'client-1', credential: { none: true } },
      {
        clock,
        async fetch(url, init = {}) {
          if (url.endsWith('/user_info')) return Response.json({ user: { user_id: '7' } });
          asked.push(new URLSearchParams(await new Response(init.body ?? null).text()));
          const serial = asked.length;
          return Response.json({
            access_token: `at-${serial}`,
            refresh_token: `rt-${serial}`,
            token_type: 'Bearer',
            expires_in: 3600,
          });
        },
      },
    );
    const { transaction } = await createAuthorizationRequest(connection, { redirectUri });
    const { state } = transaction;
    const parameters = new URLSearchParams({ code: 'c', state, device_id: 'device-1', ext_id: 'ignored' });
    const { tokens } = await redeemAuthorization(connection, transaction, { parameters });
    const storage = createMemoryStorage({ clock });
    const vault = createTokenVault({ storage, encryptionKeys: ring, connections: [connection], clock });
    await vault.store({ user: 'ada', provider: 'vk', tokens, subject: '7' });
    for (const shown of ['rt-1', 'rt-2']) {
      clock.advance(3_600_000);
      await vault.accessToken('ada', 'vk');
      expect(Object.fromEntries(asked.at(-1) ?? [])).toEqual({
        grant_type: 'refresh_token',
        refresh_token: shown,
        client_id: 'client-1',
        device_id: 'device-1',
        state,
      });
    }
  });
});
