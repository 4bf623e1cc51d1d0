// What a server bundles that verifies keys and issues none: a policy, a guard, a verifier and one framework.
// Measured by the size check.
import { createApiKeyVerifier } from '@portcullis/api-key';
import { createGuard, createPolicy } from '@portcullis/core';
import { webGuard } from '@portcullis/web';

/** @param {import('@portcullis/core').Storage} storage */
export function build(storage) {
  const policy = createPolicy({ permissions: ['posts:read'], roles: { reader: ['posts:read'] } });
  const keys = createApiKeyVerifier({ storage, brand: 'acme', defaultScopes: 'unlimited' });
  const guard = createGuard({ authenticators: [keys.authenticator()], policy, roles: () => ['reader'] });
  return { keys, mounted: webGuard(guard) };
}
