// What a small API bundles: a policy, a guard, API keys and one framework. Measured by the size check.
import { createApiKeys } from '@portcullis/api-key';
import { createGuard, createPolicy } from '@portcullis/core';
import { fastifyGuard } from '@portcullis/fastify';

/** @param {import('@portcullis/core').Storage} storage */
export function build(storage) {
  const policy = createPolicy({ permissions: ['posts:read'], roles: { reader: ['posts:read'] } });
  const keys = createApiKeys({ storage, brand: 'acme', defaultScopes: 'unlimited' });
  const guard = createGuard({ authenticators: [keys.authenticator()], policy, roles: () => ['reader'] });
  return { keys, mounted: fastifyGuard(guard) };
}
