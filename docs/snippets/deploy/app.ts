import { createApiKeys } from '@portcullis/api-key';
import { createGuard, createPolicy, type Storage } from '@portcullis/core';
import { webGuard, type WebGuardOptions } from '@portcullis/web';

const policy = createPolicy({ permissions: ['reports:read'], roles: { customer: ['reports:read'] } });

/** The application, which knows nothing of its runtime: a storage goes in, a `fetch` comes out. */
export function createApp(storage: Storage, address: NonNullable<WebGuardOptions['address']>) {
  const keys = createApiKeys({ storage, brand: 'acme', defaultScopes: [] });
  const g = webGuard(createGuard({ authenticators: [keys.authenticator()], policy, roles: () => ['customer'] }), {
    address,
  });
  const fetch = g.fetch({
    'GET /health': g.open()(() => new Response('ok')),
    'GET /reports': g.require('reports:read')(({ auth, request }) =>
      Response.json({ customer: auth.principal.id, from: g.exchange(request).request.ip }),
    ),
  });
  g.assertClosed(fetch);
  return { fetch, keys };
}
