import type { EndpointInput } from '@portcullis/core/endpoint';
import { afterEach, describe, expect, it } from 'vitest';
import type { OAuthClientOptions } from '../src/oauth-client-options.js';
import { type Harness, origin, startHarness } from './support/sign-in-harness.js';

let harness: Harness;
afterEach(() => harness.provider.close());

describe('an answer that the provider posts', () => {
  it.each<NonNullable<OAuthClientOptions<'example'>['transactions']>>(['storage', 'sealed_cookie'])(
    'is put aside for a GET, with transactions in %s',
    async (transactions) => {
      harness = await startHarness({ record: { responseMode: 'form_post' }, options: { transactions } });
      const names: (string | undefined)[] = [];
      const endpoint = harness.oauth.callbackHandler({ signedIn: ({ profile }) => void names.push(profile.subject) });
      const visit = (url: string, form?: URLSearchParams): EndpointInput => ({
        ...harness.browser.visit(url, { method: form === undefined ? 'GET' : 'POST' }),
        path: { provider: 'example' },
        form: async () => form,
      });
      const redirectTo = await harness.begin({ returnTo: '/inbox' });
      expect(new URL(redirectTo).searchParams.get('response_mode')).toBe('form_post');
      const posted = await harness.provider.authorize(redirectTo);
      const first = await endpoint(visit('/auth/example/callback', posted));
      const next = first.headers.find(([name]) => name === 'location')?.[1] ?? '';
      expect(first.status).toBe(303);
      expect(next).toBe(`${origin}/auth/example/callback?state=${posted.get('state')}`);
      const second = await endpoint(visit(next));
      expect(second.headers).toContainEqual(['location', '/inbox']);
      expect(names).toEqual(['user-1']);
      expect([...harness.browser.cookies]).toEqual([]);

      const huge = new URLSearchParams({ state: posted.get('state') ?? '', code: 'c'.repeat(5_000) });
      await expect(endpoint(visit('/auth/example/callback', huge))).rejects.toMatchObject({ code: 'sign_in_unknown' });
    },
  );
});
