import type { Identity } from '@portcullis/oauth-client';
import { html } from 'hono/html';
import type { Federation } from '../federation.js';
import { csrfField, type Html, time } from './layout.js';

/** Links, not forms: a page may send its forms to itself alone, and these lead to the provider. */
export function providerLinks(
  providers: Federation['providers'],
  path: string,
  { origin, returnTo }: { readonly origin: string; readonly returnTo: string },
): Html {
  const query = new URLSearchParams({ returnTo }).toString();
  return html`<p class="providers">
    ${providers.map(
      ({ name, label }) => html`<a class="button" href="${origin}${path}/${name}?${query}">Sign in with ${label}</a>`,
    )}
  </p>`;
}

/** The ways in that are somebody else's, for the account page. */
export function identityList(federation: Federation, identities: readonly Identity[], csrf: string): Html {
  const labelOf = (provider: string): string =>
    federation.providers.find(({ name }) => name === provider)?.label ?? provider;
  const missing = federation.providers.filter(({ name }) => !identities.some(({ provider }) => provider === name));
  return html`
    <section aria-labelledby="identities-title" class="card">
      <h2 id="identities-title">Other ways in</h2>
      ${identities.length === 0 ? html`<p class="quiet">None yet. Link one, and you can sign in with it.</p>` : ''}
      <ul class="plain">
        ${identities.map(
          ({ provider, issuer, subject, linkedAt }) => html`
            <li class="row">
              <span><strong>${labelOf(provider)}</strong> <span class="quiet">since ${time(linkedAt)}</span></span>
              <a href="/account/provider/${provider}">What it says of you</a>
              <form method="post" action="/account/unlink">
                ${csrfField(csrf)}
                <input type="hidden" name="issuer" value="${issuer}" />
                <input type="hidden" name="subject" value="${subject}" />
                <button class="danger" aria-label="Unlink ${labelOf(provider)}">Unlink</button>
              </form>
            </li>`,
        )}
      </ul>
      ${
        missing.length === 0
          ? ''
          : html`<p class="providers">
              ${missing.map(({ name, label }) => html`<a class="button" href="/account/link/${name}">Link ${label}</a>`)}
            </p>`
      }
    </section>`;
}
