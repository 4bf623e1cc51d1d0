import { randomBytes } from 'node:crypto';
import type { Exchange } from '@portcullis/core';
import { createOAuthClient, type OAuthClient } from '@portcullis/oauth-client';
import { requirement } from '@portcullis-internal/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenStorage, storages } from './storages.js';

const origin = 'https://app.example.org';
const issuer = 'https://id.example.com';

/** A request of a browser with these cookies, which keeps no others. */
function visit(path: string, cookies: readonly string[], set: string[] = []): Exchange {
  const fields: Readonly<Record<string, string>> = { 'sec-fetch-site': 'same-origin', cookie: cookies.join('; ') };
  return {
    request: {
      method: 'GET',
      url: path,
      ip: undefined,
      header: (name) => fields[name],
      headerValues: (name) => (fields[name] === undefined ? [] : [fields[name]]),
    },
    response: {
      append(name, value) {
        if (name === 'set-cookie') set.push(value.split(';')[0] ?? '');
      },
    },
  };
}

describe.each(storages)('a sign-in under way on $name', { timeout: 60_000 }, (kind) => {
  let opened: OpenStorage | undefined;
  let processes: readonly OAuthClient<'example'>[] = [];
  let tokenRequests = 0;
  const encryptionKeys = { current: 'k1', keys: { k1: randomBytes(32) } };
  const open = (storage: OpenStorage['storage']): OAuthClient<'example'> =>
    createOAuthClient<'example'>({
      storage,
      origin,
      encryptionKeys,
      async fetch() {
        tokenRequests += 1;
        return Response.json({ access_token: `at-${tokenRequests}`, token_type: 'bearer', sub: 'user-1' });
      },
      providers: {
        example: {
          provider: {
            id: 'example',
            label: 'Example',
            issuer,
            discovery: 'none',
            endpoints: { authorization: `${issuer}/authorize`, token: `${issuer}/token` },
            openid: false,
            scopes: [],
            profile: ({ token }) => ({ subject: String(token['sub']), emailVerified: false }),
          },
          clientId: 'client-1',
          credential: { secret: 'secret' },
        },
      },
    });
  const at = (index: number): OAuthClient<'example'> => processes[index % 2] as OAuthClient<'example'>;
  const begin = async (): Promise<{ readonly parameters: URLSearchParams; readonly cookies: readonly string[] }> => {
    const cookies: string[] = [];
    const { redirectTo } = await at(0).begin(visit('/auth/example', [], cookies), 'example');
    const state = new URL(redirectTo).searchParams.get('state') ?? '';
    return { parameters: new URLSearchParams({ code: 'code-1', state }), cookies };
  };

  beforeAll(async () => {
    opened = await kind.open();
    if (opened === undefined) return;
    processes = [open(opened.storage), open(opened.another)];
    await opened.migrate();
  }, 60_000);
  afterAll(() => opened?.close());

  it(`is finished by one of fifty callers in two processes, and the provider is asked once ${requirement('D1', 'O5')}`, async (context) => {
    if (opened === undefined) return context.skip();
    for (let round = 0; round < 3; round++) {
      const { parameters, cookies } = await begin();
      const before = tokenRequests;
      const outcomes = await Promise.allSettled(
        Array.from({ length: 50 }, (_, index) =>
          at(index).complete(visit('/auth/example/callback', cookies), 'example', { parameters }),
        ),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(tokenRequests - before).toBe(1);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'sign_in_unknown' });
      }
    }
  });

  it('is not used up by fifty callers who know its state and have not its cookie', async (context) => {
    if (opened === undefined) return context.skip();
    const { parameters, cookies } = await begin();
    const before = tokenRequests;
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, (_, index) =>
        at(index).complete(visit('/auth/example/callback', []), 'example', { parameters }),
      ),
    );
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'sign_in_cross_site' } });
    expect(tokenRequests - before).toBe(0);
    const { profile } = await at(1).complete(visit('/auth/example/callback', cookies), 'example', { parameters });
    expect(profile.subject).toBe('user-1');
  });
});
