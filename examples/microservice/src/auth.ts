import { createGuard, createPolicy } from '@portcullis/core';
import { createJwtVerifier } from '@portcullis/jwt';

/** What this service asks for is its own affair: the issuer knows nothing of reports. */
const policy = createPolicy({
  permissions: ['reports:read'],
  roles: { reader: ['reports:read'] },
  // A scope is a ceiling. Reports are made from posts, so a token that may read those may read these.
  scopes: { 'posts:read': ['reports:read'] },
});

const loopback = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** Authentication, wired once. There is no secret here and no call for each request: public keys are enough. */
export function createAuth({ issuer, audience }: { readonly issuer: string; readonly audience: string }) {
  const verifier = createJwtVerifier({
    issuer,
    audience,
    algorithms: ['EdDSA'],
    jwks: `${issuer}/.well-known/jwks.json`,
    // On this machine, for development. Keys that came over a network without TLS are anybody's.
    remote: { dangerouslyAllowPrivateNetwork: URL.canParse(issuer) && loopback.has(new URL(issuer).hostname) },
  });
  const guard = createGuard({
    authenticators: [verifier.authenticator()],
    policy,
    // Every user of the issuer reads; what the token's scope leaves out stays out. Applications for themselves do not.
    roles: ({ kind }) => (kind === 'user' ? ['reader'] : []),
  });
  return { verifier, guard };
}

export type Auth = ReturnType<typeof createAuth>;
