import type { Exchange } from '@portcullis/core';
import type { EndpointAnswer } from '@portcullis/core/endpoint';
import { honoEndpoint } from '@portcullis/hono';
import { OAuthError } from '@portcullis/oauth-client';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { z } from 'zod';
import type { Federation } from '../federation.js';
import { ApiProblem } from '../problems.js';
import { createSignIn } from './sign-in.js';
import { bySession, createViews, type WebParts } from './views.js';

const Unlink = z.object({ issuer: z.string().max(2048), subject: z.string().max(255) });

const see = (path: string): EndpointAnswer => ({ status: 303, headers: [['location', path]] });

/** The two ends of a sign-in at a provider, and what the account page does with it. */
export function federationPages(parts: WebParts, federation: Federation) {
  const { auth } = parts;
  const { g, sessions } = auth;
  const { oauth, signedInAs } = federation;
  const { readForm, show, signedIn } = createViews(parts);
  const { open } = createSignIn(parts);
  // Another way in is worth as much to a thief as a password.
  const fresh = { ...bySession, maxAge: 600 } as const;

  /** What went wrong becomes a line on the page that the user came from. */
  async function failed({ code }: OAuthError, exchange: Exchange): Promise<EndpointAnswer> {
    const page = (await signedInAs(exchange)) === undefined ? '/sign-in' : '/account';
    return see(`${page}?notice=${code.replaceAll('_', '-')}`);
  }

  const callback = oauth.callbackHandler({
    signedInAs,
    failed,
    async signedIn(result, exchange) {
      const user = await federation.accept(result);
      if (result.link !== undefined) return { redirectTo: '/account?notice=identity-linked' };
      if (user.disabledAt !== null) return { redirectTo: '/sign-in?notice=user-refused' };
      const { startedAt, returnTo, provider } = result;
      if (user.totpSealed !== null) {
        // The provider stands in for the password, and for nothing more.
        const pending = { user: user.id, startedAt, remember: false, returnTo };
        await sessions.update(exchange.request, (data) => ({ ...data, pending }));
        return { redirectTo: '/sign-in/code' };
      }
      const session = await open(exchange, { user, startedAt, remember: false, amr: [provider] });
      return { session: { id: session.id, user: user.id, endsAt: session.endsAt } };
    },
  });

  return (
    new Hono()
      .get('/auth/:provider', g.open(), honoEndpoint(oauth.loginHandler()))
      // Where the provider has to ask anew who is there: its own session of yesterday proves nothing today.
      .get('/confirm/:provider', g.open(), honoEndpoint(oauth.loginHandler({ options: () => ({ maxAge: 0 }) })))
      .on(['GET', 'POST'], '/auth/:provider/callback', g.open(), honoEndpoint(callback))
      .get('/account/link/:provider', g.authenticated(fresh), async (c) => {
        const link = oauth.loginHandler({ link: signedInAs, provider: c.req.param('provider') });
        return honoEndpoint(link)(c);
      })

      .post('/account/unlink', g.authenticated(bySession), async (c) => {
        const identity = await readForm(c, Unlink);
        const { user } = await signedIn(c);
        try {
          await federation.unlink(identity, user.id);
        } catch (error) {
          if (!(error instanceof OAuthError) || error.code !== 'identity_last') throw error;
          return c.redirect('/account?notice=identity-last', 303);
        }
        return c.redirect('/account?notice=identity-unlinked', 303);
      })

      .get('/account/provider/:provider', g.authenticated(bySession), async (c) => {
        const { user, viewer } = await signedIn(c);
        const provider = federation.providers.find(({ name }) => name === c.req.param('provider'));
        if (provider === undefined) throw new ApiProblem('not_found');
        const title = `What ${provider.label} says of you`;
        try {
          const said = JSON.stringify(await federation.describe(user.id, provider.name), null, 2);
          const body = html`
          <p>Asked just now, with a token that it gave when you signed in there and that is kept sealed.</p>
          <pre class="card" tabindex="0">${said}</pre>
          <p><a href="/account">To your account</a></p>`;
          return await show(c, { title, body, viewer });
        } catch (error) {
          if (!(error instanceof OAuthError)) throw error;
          const again = error.code === 'reauthentication_required' ? ` Sign in with ${provider.label} again.` : '';
          const body = html`<p><a href="/account">To your account</a></p>`;
          return show(c, { title, body, viewer, error: `It did not say.${again}` }, error.status === 503 ? 503 : 502);
        }
      })
  );
}
