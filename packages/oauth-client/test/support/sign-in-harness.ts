import { createMemoryStorage, type Storage } from '@portcullis/core';
import { type FakeClock, fakeClock } from '@portcullis-internal/testkit';
import type { ProviderRegistration } from '../../src/connection/connection.js';
import { createOAuthClient, type OAuthClient } from '../../src/create-oauth-client.js';
import type { OAuthClientOptions } from '../../src/oauth-client-options.js';
import type { Provider } from '../../src/provider.js';
import type { BeginOptions, SignInResult } from '../../src/sign-in/sign-in.js';
import { type Browser, createBrowser } from './browser.js';
import { type HostileProvider, startHostileProvider } from './hostile-provider.js';
import { testProvider } from './test-provider.js';

export const origin = 'https://app.example.org';

/** An application with one provider called `example`, and a browser. */
export interface Harness {
  readonly clock: FakeClock;
  readonly provider: HostileProvider;
  readonly storage: Storage;
  readonly oauth: OAuthClient<'example'>;
  readonly browser: Browser;
  /** Begins; gives the provider's address. */
  begin(options?: BeginOptions, browser?: Browser): Promise<string>;
  /** Completes with these parameters of the callback. */
  complete(
    parameters: URLSearchParams,
    options?: { readonly browser?: Browser; readonly signedInAs?: string },
  ): Promise<SignInResult>;
  /** Both, with the provider in between. */
  signIn(options?: BeginOptions): Promise<SignInResult>;
}

export const keys = { current: 'k1', keys: { k1: crypto.getRandomValues(new Uint8Array(32)) } };

export async function startHarness(
  changes: {
    readonly record?: Partial<Provider>;
    readonly registration?: Partial<ProviderRegistration>;
    readonly options?: Partial<OAuthClientOptions<'example'>>;
  } = {},
): Promise<Harness> {
  const clock = fakeClock();
  const provider = await startHostileProvider(clock);
  const storage = createMemoryStorage({ clock });
  const browser = createBrowser();
  const oauth = createOAuthClient<'example'>({
    storage,
    origin,
    clock,
    encryptionKeys: keys,
    limits: { dangerouslyAllowPrivateNetwork: true, timeoutMs: 2_000 },
    providers: {
      example: {
        provider: testProvider({
          issuer: provider.issuer,
          profile: ({ claims, userInfo: [person] }) => ({
            subject: String(claims['sub']),
            name: (person as { readonly name?: string } | undefined)?.name,
            email: claims['email'] as string | undefined,
            emailVerified: claims['email_verified'] === true,
          }),
          ...changes.record,
        }),
        clientId: 'client-1',
        credential: { secret: 'the secret' },
        ...changes.registration,
      },
    },
    ...changes.options,
  });
  const harness: Harness = {
    clock,
    provider,
    storage,
    oauth,
    browser,
    async begin(options, from = browser) {
      const exchange = from.visit('/auth/example', { headers: { 'sec-fetch-site': 'same-origin' } });
      return (await oauth.begin(exchange, 'example', options)).redirectTo;
    },
    complete: (parameters, { browser: from = browser, signedInAs } = {}) =>
      oauth.complete(from.visit('/auth/example/callback'), 'example', { parameters, signedInAs }),
    async signIn(options) {
      return harness.complete(await provider.authorize(await harness.begin(options)));
    },
  };
  return harness;
}
