import type { ApiKey } from '@portcullis/api-key';
import { type Authentication, createPolicy } from '@portcullis/core';
import type { Post } from './posts.js';

/**
 * Who may do what: all of it, in one place. A permission's name is also the scope of a key: a ceiling, never a grant.
 */
export const policy = createPolicy({
  permissions: [
    'posts:read',
    'posts:create',
    'posts:delete',
    'keys:read',
    'keys:read-any',
    'keys:create',
    'keys:rotate',
    'keys:revoke',
    'routes:read',
    'users:read',
    'users:disable',
  ],
  roles: {
    reader: ['posts:read', 'keys:read', 'keys:create', 'keys:rotate', 'keys:revoke'],
    author: ['reader', 'posts:create', 'posts:delete'],
    admin: ['*'],
  },
  rules: (rule) => ({
    'posts:delete': rule<Post>(
      ({ auth, resource }) => auth.hasRole('admin') || resource.authorId === auth.principal.id,
    ),

    // A rotation answers with a plaintext. Nobody gets one that acts for somebody else, administrators included, and a
    // key gets none of a key that may do more than itself.
    'keys:rotate': rule<KeyFacts>(
      ({ auth, resource }) => resource.owner === auth.principal.id && isWithin(auth.credential.scopes, resource.scopes),
    ),

    'keys:revoke': rule<KeyFacts>(
      ({ auth, resource }) => auth.hasRole('admin') || resource.owner === auth.principal.id,
    ),
  }),
});

export type Role = (typeof policy)['roles'] extends ReadonlySet<infer R extends string> ? R : never;

type KeyFacts = Pick<ApiKey, 'owner' | 'scopes'>;

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

/** The same for a role alone: what a token for such a user is good for at most. */
export function permissionsOfRole(role: Role): string[] {
  const principal = { kind: 'user', id: '' };
  return permissionsOf(policy.bind({ principal, credential: { scheme: 'none', id: '' }, roles: [role] }).authorization);
}
