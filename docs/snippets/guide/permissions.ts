import { createPolicy } from '@portcullis/core/policy';

// #region resources
export interface Post {
  readonly id: string;
  readonly authorId: string;
  readonly tenant: string;
  readonly published: boolean;
}
// #endregion resources

// #region policy
export const policy = createPolicy({
  permissions: ['posts:read', 'posts:create', 'posts:delete', 'team:invite'],
  roles: {
    reader: ['posts:read'],
    author: ['reader', 'posts:create', 'posts:delete'], // a role may hold another
    admin: ['*'],
  },
  // A token's foreign scope names. A scope that is not here, and is no permission's name, grants nothing.
  scopes: { 'read:posts': ['posts:read'] },
  // A permission with a rule cannot be asked without its resource: that does not compile.
  rules: (rule) => ({
    'posts:read': rule<Post>(({ auth, resource }) => resource.published || resource.authorId === auth.principal.id),
    'posts:delete': rule<Post>(
      ({ auth, resource }) => auth.hasRole('admin') || resource.authorId === auth.principal.id,
    ),
  }),
  // Whose a resource is. Another tenant's is denied first, whatever the role.
  tenantOf: (resource) => resource['tenant'],
});
// #endregion policy
