import { createApiKeys } from '@portcullis/api-key';
import { createGuard, createMemoryStorage } from '@portcullis/core';
import { createPolicy } from '@portcullis/core/policy';
import { webGuard } from '@portcullis/web';

export const keys = createApiKeys({ storage: createMemoryStorage(), brand: 'acme', defaultScopes: 'unlimited' });
const policy = createPolicy({ permissions: ['posts:read'], roles: { reader: ['posts:read'] } });
const g = webGuard(createGuard({ authenticators: [keys.authenticator()], policy, roles: () => ['reader'] }));

/** A route handler of a framework that routes by files: Next.js, SvelteKit, React Router. */
export const GET = g.require('posts:read')(({ auth }) => Response.json({ caller: auth.principal.id }));

/** Or a whole application: Bun, Deno, Workers. */
export default { fetch: g.fetch({ 'GET /posts': GET, 'GET /health': g.open()(() => new Response('ok')) }) };
