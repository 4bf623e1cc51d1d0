import { type ApiKey, createApiKeys } from '@portcullis/api-key';
import { type Authentication, createGuard, createPolicy, type Principal, type Storage } from '@portcullis/core';
import type { Post } from './data.js';

type KeyFacts = Pick<ApiKey, 'owner' | 'scopes'>;

/** Who may do what. A permission's name is also the scope of a key: a ceiling, never a grant. */
export const policy = createPolicy({
  permissions: [
    'posts:read',
    'posts:create',
    'posts:delete',
    'keys:read',
    'keys:create',
    'keys:rotate',
    'keys:revoke',
    'routes:read',
  ],
  roles: {
    reader: ['posts:read', 'keys:*'],
    author: ['reader', 'posts:create', 'posts:delete'],
    admin: ['*'],
  },
  rules: (rule) => ({
    'posts:delete': rule<Post>(
      ({ auth, resource }) => auth.hasRole('admin') || resource.authorId === auth.principal.id,
    ),
    // A rotation answers with a plaintext: nobody gets one that acts for somebody else, and a key gets none of a key
    // that may do more than itself.
    'keys:rotate': rule<KeyFacts>(
      ({ auth, resource }) => resource.owner === auth.principal.id && isWithin(auth.credential.scopes, resource.scopes),
    ),
    'keys:revoke': rule<KeyFacts>(
      ({ auth, resource }) => auth.hasRole('admin') || resource.owner === auth.principal.id,
    ),
  }),
});

/** What each user may do now. A service that grows reads it from its database instead. */
export const users = { ada: 'author', grace: 'author', rex: 'reader', root: 'admin' } as const;

interface UserPrincipal extends Principal {
  readonly kind: 'user';
}

/** Authentication, wired once. */
export function createAuth(storage: Storage) {
  // A key without scopes may do what its owner may.
  const keys = createApiKeys({ brand: 'ink', environments: ['live'], defaultScopes: 'unlimited', storage });
  const guard = createGuard({
    authenticators: [keys.authenticator({ principal: ({ owner }): UserPrincipal => ({ kind: 'user', id: owner }) })],
    policy,
    roles: ({ id }) => Object.entries(users).flatMap(([user, role]) => (user === id ? [role] : [])),
  });
  return { keys, guard };
}

export type Auth = ReturnType<typeof createAuth>;

/** Whether a credential of these scopes can do no more than one under that ceiling. `undefined` is no ceiling at all. */
export function isWithin(ceiling: readonly string[] | undefined, scopes: readonly string[] | undefined): boolean {
  if (ceiling === undefined) return true;
  return scopes !== undefined && scopes.every((scope) => ceiling.includes(scope));
}

/** What role and scopes allow now. A permission with a rule is among them: whether it holds depends on the resource. */
export function permissionsOf(auth: Pick<Authentication, 'explain'>): string[] {
  return [...policy.permissions].filter((permission) => {
    const { verdict } = auth.explain(permission);
    return verdict === 'granted' || verdict === 'resource_missing';
  });
}
