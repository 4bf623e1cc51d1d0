import { encodeBase64url, type Exchange, type MaybePromise } from '@portcullis/core';
import { expireCookie, readCookie, serializeCookie } from '@portcullis/core/cookies';
import { createOriginCheck } from '@portcullis/core/csrf';
import type { Endpoint, EndpointInput } from '@portcullis/core/endpoint';
import { endSessionUrl } from './end-session-url.js';
import { queryOf, redirect } from '../endpoint-answers.js';
import { OAuthError } from '../errors.js';
import type { OAuthSettings } from '../oauth-client-options.js';
import type { ProviderSessions } from './provider-sessions.js';

/** What `logoutHandler` takes. */
export interface LogoutHandlerOptions {
  /** Ends the application's own session, and says which it was. */
  readonly end: (exchange: Exchange) => MaybePromise<string | undefined>;
}

const cookie = '__Host-oauth_logout';
const attributes = { path: '/', secure: true, httpOnly: true, sameSite: 'lax' } as const;
const minutes = 10;
const context = 'oauth logout';

/**
 * `POST`: ends the session here, then sends the browser to the provider to sign out there, with `returnTo` kept for its way back. `GET`: where the provider
 * sends it back to. Only the answer to a logout that this browser began, known by its state, leads to the kept place.
 * @see OpenID Connect RP-Initiated Logout sections 2 and 3
 */
export function createLogoutHandler(
  { settings, sessions }: { readonly settings: OAuthSettings; readonly sessions: ProviderSessions },
  { end }: LogoutHandlerOptions,
): Endpoint {
  const { sealer, random, connections } = settings;
  const ownPages = createOriginCheck({ origins: [new URL(settings.callbackUrl('x')).origin] });

  async function back(input: EndpointInput): Promise<string> {
    const held = readCookie(input.request.headerValues('cookie'), cookie);
    const opened = typeof held === 'string' ? await sealer.open(held, context) : undefined;
    if (opened === undefined) return settings.returnTo(undefined);
    const { state, returnTo } = JSON.parse(opened) as { readonly state: string; readonly returnTo: string };
    if (queryOf(input).get('state') !== state) return settings.returnTo(undefined);
    input.response.append('set-cookie', expireCookie(cookie, attributes));
    return returnTo;
  }

  return async (input) => {
    if (input.request.method !== 'POST') return redirect(await back(input));
    if (!ownPages.check(input.request).allowed) throw new OAuthError('sign_in_cross_site');
    const returnTo = settings.returnTo((await input.form())?.get('returnTo') ?? queryOf(input).get('returnTo'));
    const session = await end(input);
    const known = session === undefined ? undefined : await sessions.forget(session);
    const connection = known && connections.get(known.provider);
    if (known === undefined || connection === undefined) return redirect(returnTo);
    const state = encodeBase64url(random(32));
    const url = await endSessionUrl(connection, {
      idTokenHint: known.idTokenHint,
      postLogoutRedirectUri: settings.logoutUrl(connection.name),
      state,
    });
    if (url === undefined) return redirect(returnTo);
    const kept = await sealer.seal(JSON.stringify({ state, returnTo }), context);
    input.response.append('set-cookie', serializeCookie(cookie, kept, { ...attributes, maxAge: minutes * 60 }));
    input.response.append('cache-control', 'no-store');
    return redirect(url);
  };
}
