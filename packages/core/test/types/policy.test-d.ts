import { type Authenticator, createGuard, type PrincipalOf } from '@portcullis/core';
import { createPolicy, type Policy, type Vocabulary } from '@portcullis/core/policy';

interface Post {
  readonly id: string;
  readonly authorId: string;
  readonly tenant: string;
}
interface UserPrincipal {
  readonly kind: 'user';
  readonly id: string;
  readonly email: string;
}
interface ServicePrincipal {
  readonly kind: 'service';
  readonly id: string;
}
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const proven = <T extends true>(): T | undefined => undefined;

const policy = createPolicy({
  permissions: ['posts:read', 'posts:create', 'posts:delete', 'keys:manage'],
  roles: {
    reader: ['posts:read'],
    author: ['reader', 'posts:create', 'posts:delete'],
    admin: ['*'],
    editor: ['posts:*'],
  },
  scopes: { 'read:posts': ['posts:read'], all: ['*'], posts: ['posts:*'] },
  rules: (rule) => ({
    'posts:delete': rule<Post>(
      ({ auth, resource }) => auth.hasRole('admin') || resource.authorId === auth.principal.id,
    ),
  }),
  tenantOf: (resource) => resource.tenant,
  shared: ['posts:read'],
  fields: { 'posts:read': ['title', 'body'], 'posts:create': ({ auth }) => (auth.hasRole('admin') ? ['title'] : []) },
});

type V = NonNullable<typeof policy.vocabulary>;
proven<Equal<V['permission'], 'posts:read' | 'posts:create' | 'posts:delete' | 'keys:manage'>>();
proven<Equal<V['role'], 'reader' | 'author' | 'admin' | 'editor'>>();
proven<Equal<V['resources'], { readonly 'posts:delete': Post }>>();
proven<Equal<keyof V['fields'], 'posts:read' | 'posts:create'>>();

const { authorization: auth } = policy.bind({
  principal: { kind: 'user', id: 'ada' },
  credential: { scheme: 'session', id: 's1' },
  roles: ['author'],
});
declare const post: Post;

proven<Equal<ReturnType<typeof auth.can>, boolean>>();
auth.can('posts:read');
auth.can('posts:read', post);
auth.can('posts:delete', post);
auth.demand('posts:delete', post);
auth.explain('keys:manage').steps[0]?.check satisfies string | undefined;
auth.pick('posts:read', post).authorId satisfies string | undefined;
auth.refuseExtra('posts:create', {});

// @ts-expect-error: a misspelt permission
auth.can('posts:raed');
// @ts-expect-error: a misspelt permission
auth.demand('post:delete', post);
// @ts-expect-error: a misspelt permission
auth.explain('posts:reed');
// @ts-expect-error: a wildcard asks nothing
auth.can('posts:*');
// @ts-expect-error: a wildcard asks nothing
auth.can('*');
// @ts-expect-error: a role is no permission
auth.can('reader');
// @ts-expect-error: a permission with a rule needs its resource
auth.can('posts:delete');
// @ts-expect-error: a permission with a rule needs its resource
auth.demand('posts:delete');
// @ts-expect-error: a permission with a rule needs its own resource
auth.can('posts:delete', { id: '1' });
// @ts-expect-error: a missing resource is no resource
auth.can('posts:delete', undefined);
// @ts-expect-error: a misspelt role
auth.hasRole('admim');
// @ts-expect-error: a permission is no role
auth.hasRole('posts:read');
// @ts-expect-error: a permission without a field list
auth.pick('keys:manage', post);
// @ts-expect-error: a permission without a field list
auth.refuseExtra('posts:delete', {}, post);

createPolicy({
  permissions: ['posts:read'],
  roles: {
    // @ts-expect-error: a misspelt permission in a role
    reader: ['posts:raed'],
  },
});
createPolicy({
  permissions: ['posts:read'],
  roles: {
    reader: ['posts:read'],
    // @ts-expect-error: a misspelt role in a role
    author: ['raeder'],
  },
});
createPolicy({
  permissions: ['posts:read'],
  roles: {
    // @ts-expect-error: a wildcard that matches nothing
    reader: ['keys:*'],
  },
});
createPolicy({
  permissions: ['posts:read'],
  scopes: {
    // @ts-expect-error: a misspelt permission in a scope
    'read:posts': ['posts:raed'],
  },
});
createPolicy({
  permissions: ['posts:read'],
  roles: { reader: ['posts:read'] },
  scopes: {
    // @ts-expect-error: a scope lets permissions through, not roles
    'read:posts': ['reader'],
  },
});
createPolicy({
  permissions: ['posts:read'],
  rules: (rule) => ({
    // @ts-expect-error: a rule for what is not a permission
    'posts:raed': rule<Post>(() => true),
  }),
});
createPolicy({
  permissions: ['posts:read'],
  roles: { reader: ['posts:read'] },
  rules: (rule) => ({
    // @ts-expect-error: a misspelt role in a rule
    'posts:read': rule<Post>(({ auth: who }) => who.hasRole('raeder')),
  }),
});
createPolicy({
  permissions: ['posts:read'],
  rules: (rule) => ({
    // @ts-expect-error: a rule reads what the resource has not
    'posts:read': rule<Post>(({ resource }) => resource.ownerId === 'ada'),
  }),
});
createPolicy({
  permissions: ['posts:read'],
  rules: (rule) => ({
    // @ts-expect-error: a rule reads of the principal what it did not declare
    'posts:read': rule<Post>(({ auth: who }) => who.principal.email === 'ada@example.org'),
  }),
});
createPolicy({
  permissions: ['posts:read'],
  rules: (rule) => ({
    // @ts-expect-error: a rule is synchronous
    'posts:read': rule<Post>(async () => true),
  }),
});
createPolicy({
  permissions: ['posts:read'],
  // @ts-expect-error: a misspelt permission
  shared: ['posts:raed'],
});
createPolicy({
  permissions: ['posts:read'],
  // @ts-expect-error: a wildcard shares nothing
  shared: ['posts:*'],
});
createPolicy({
  permissions: ['posts:read'],
  roles: { operator: ['posts:read'] },
  tenantOf: ({ tenant }) => tenant,
  // @ts-expect-error: a misspelt role
  dangerouslyAllowAcrossTenants: ['operater'],
});
createPolicy({
  permissions: ['posts:read'],
  fields: {
    // @ts-expect-error: fields of what is not a permission
    'posts:raed': ['title'],
  },
});
createPolicy({
  permissions: ['posts:read', 'posts:create'],
  rules: (rule) => ({
    'posts:read': rule<Post>(() => true),
    // @ts-expect-error: a rule for what is not a permission, beside a good one
    'posts:craete': rule<Post>(() => true),
  }),
});
createPolicy({
  permissions: ['posts:read', 'posts:create'],
  fields: {
    'posts:read': ['title'],
    // @ts-expect-error: fields of what is not a permission, beside good ones
    'posts:craete': ['title'],
  },
});
createPolicy({
  permissions: ['posts:read'],
  roles: { reader: ['posts:read'] },
  fields: {
    // @ts-expect-error: a misspelt role in a field list
    'posts:read': ({ auth: who }) => (who.hasRole('raeder') ? ['title'] : []),
  },
});
createPolicy({
  permissions: ['posts:read'],
  details: {
    // @ts-expect-error: a detail reader is synchronous
    post: async () => true,
  },
});
createPolicy({
  permissions: ['posts:read'],
  details: {
    // @ts-expect-error: a misspelt permission in a detail reader
    post: (detail, { permission }) => detail['action'] === 'read' && permission === 'posts:raed',
  },
});
// @ts-expect-error: a misspelt option
createPolicy({ permissions: ['posts:read'], tenantof: () => 'acme' });

// A vocabulary read at run time loses its names, not its checks.
const names: string[] = ['posts:read'];
const lists: Record<string, string[]> = { reader: ['posts:read'] };
const loaded = createPolicy({ permissions: names, roles: lists });
loaded satisfies Policy<Vocabulary>;
loaded
  .bind({ principal: { kind: 'user', id: 'ada' }, credential: { scheme: 's', id: '1' }, roles: [] })
  .authorization.can('anything');

declare const users: Authenticator<UserPrincipal>;
declare const services: Authenticator<ServicePrincipal>;
const byEmail = createPolicy({
  permissions: ['posts:read', 'posts:delete'],
  roles: { reader: ['posts:read'] },
  rules: (rule) => ({
    'posts:read': rule<Post>(() => true),
    'posts:delete': rule<Post, UserPrincipal>(({ auth: who }) => who.principal.email === 'ada@example.org'),
  }),
});
proven<UserPrincipal extends NonNullable<typeof byEmail.vocabulary>['principal'] ? true : false>();
createGuard({ authenticators: [users], policy: byEmail });
// @ts-expect-error: a rule reads an email that services do not have
createGuard({ authenticators: [services], policy: byEmail });
// @ts-expect-error: a rule reads an email that services do not have
createGuard({ authenticators: [users, services], policy: byEmail });
createGuard({ authenticators: [users, services], policy });
proven<Equal<PrincipalOf<readonly [typeof users, typeof services]>, UserPrincipal | ServicePrincipal>>();

const ofBoth = createPolicy({
  permissions: ['posts:delete'],
  rules: (rule) => ({
    'posts:delete': rule<Post, UserPrincipal | ServicePrincipal>(
      ({ auth: { principal } }) => principal.kind === 'service',
    ),
  }),
});
createGuard({ authenticators: [users, services], policy: ofBoth });

// A rule that names no resource takes any, and still asks for one.
const ofAny = createPolicy({
  permissions: ['posts:read'],
  rules: (rule) => ({ 'posts:read': rule(({ resource }) => resource !== 7) }),
});
proven<Equal<NonNullable<typeof ofAny.vocabulary>['resources'], { readonly 'posts:read': unknown }>>();
