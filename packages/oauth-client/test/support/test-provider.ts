import type { Provider } from '../../src/provider.js';

/** A provider's record for tests, with `discovery: 'oidc'` at the issuer. */
export function testProvider(changes: Partial<Provider> = {}): Provider {
  return {
    id: 'example',
    label: 'Example',
    issuer: 'https://id.example.com',
    discovery: 'oidc',
    openid: true,
    scopes: ['openid'],
    profile: ({ claims }) => ({ subject: String(claims['sub']), emailVerified: false }),
    ...changes,
  };
}

/** A fetch that answers by URL and remembers what it was asked. */
export function scriptedFetch(answers: Readonly<Record<string, () => Response | Promise<Response>>>): {
  readonly asked: { readonly url: string; readonly init: RequestInit }[];
  fetch(url: string, init?: RequestInit): Promise<Response>;
} {
  const asked: { url: string; init: RequestInit }[] = [];
  return {
    asked,
    async fetch(url, init = {}) {
      asked.push({ url, init });
      return (await answers[url]?.()) ?? new Response('', { status: 404 });
    },
  };
}

/** The form that a request sends. */
export function formOf({ body }: RequestInit): URLSearchParams {
  return body instanceof URLSearchParams ? body : new URLSearchParams(typeof body === 'string' ? body : '');
}
