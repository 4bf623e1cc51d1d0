import { createPolicy, PermissionDenied, type Subject } from '@portcullis/core/policy';
import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it, vi } from 'vitest';

interface Post {
  readonly authorId: string;
  readonly tenant?: string | undefined;
}

const blog = createPolicy({
  permissions: ['posts:read', 'posts:create', 'posts:delete', 'keys:manage'],
  roles: { reader: ['posts:read'], author: ['reader', 'posts:create', 'posts:delete'], admin: ['*'] },
  scopes: { 'read:posts': ['posts:read'], everything: ['*'] },
  rules: (rule) => ({
    'posts:delete': rule<Post>(
      ({ auth, resource }) => auth.hasRole('admin') || resource.authorId === auth.principal.id,
    ),
  }),
  tenantOf: (resource) => resource.tenant,
});

const ada: Subject = {
  principal: { kind: 'user', id: 'ada' },
  credential: { scheme: 'session', id: 's1' },
  roles: ['author'],
};
const withScopes = (scopes: readonly string[], roles: readonly string[] = ada.roles): Subject => ({
  ...ada,
  roles,
  credential: { scheme: 'api-key', id: 'k1', scopes },
});
const inTenant = (tenant: string | undefined, roles: readonly string[] = ['admin']): Subject => ({
  ...ada,
  principal: { kind: 'user', id: 'ada', tenant },
  roles,
});

describe('createPolicy', () => {
  it(`denies the same role on another owner's object ${requirement('C4')}`, () => {
    const { can, demand } = blog.bind(ada).authorization;
    expect(can('posts:delete', { authorId: 'ada' })).toBe(true);
    expect(can('posts:delete', { authorId: 'grace' })).toBe(false);
    expect(() => demand('posts:delete', { authorId: 'grace' })).toThrow(PermissionDenied);
    expect(blog.bind({ ...ada, roles: ['admin'] }).authorization.can('posts:delete', { authorId: 'grace' })).toBe(true);
  });

  it('denies with the check that decided', () => {
    const { decide, before } = blog.bind(ada);
    expect(decide('posts:read', undefined)).toBe('granted');
    expect(decide('keys:manage', undefined)).toBe('role');
    expect(decide('posts:burn', undefined)).toBe('unknown_permission');
    expect(decide('posts:delete', undefined)).toBe('resource_missing');
    expect(decide('posts:delete', null)).toBe('resource_missing');
    expect(decide('posts:read', null)).toBe('resource_missing');
    expect(decide('posts:delete', { authorId: 'grace' })).toBe('rule');
    expect(blog.bind(withScopes(['read:posts'])).decide('posts:delete', { authorId: 'ada' })).toBe('scope');
    expect(before('posts:delete')).toBe('granted');
    expect(before('keys:manage')).toBe('role');
    expect(before('posts:burn')).toBe('unknown_permission');
  });

  it(`takes a scope as a ceiling and never as a grant ${requirement('K7')}`, () => {
    const narrow = blog.bind(withScopes(['read:posts'])).authorization;
    expect(narrow.can('posts:read')).toBe(true);
    expect(narrow.can('posts:create')).toBe(false);
    const lost = blog.bind(withScopes(['posts:create', 'everything'], ['reader'])).authorization;
    expect(lost.can('posts:create')).toBe(false);
    expect(lost.can('posts:read')).toBe(true);
  });

  it(`lets a broader scope through to what a narrower one names ${requirement('K7')}`, () => {
    expect(blog.bind(withScopes(['everything'])).authorization.can('posts:read')).toBe(true);
    expect(blog.bind(withScopes(['posts:read'])).authorization.can('posts:read')).toBe(true);
    expect(blog.scopesFor('posts:read')).toEqual(['read:posts', 'posts:read', 'everything']);
    expect(blog.scopesFor('keys:manage')).toEqual(['keys:manage', 'everything']);
    expect(blog.scopesFor('constructor')).toEqual([]);
  });

  it.each([
    [[]],
    [['openid']],
    [['*']],
    [['posts:*']],
    [['admin']],
    [['']],
    ['posts:read'],
    [null],
    [{ 0: 'posts:read' }],
  ])('allows nothing with the scopes %j', (scopes) => {
    const { can } = blog.bind(withScopes(scopes as readonly string[])).authorization;
    expect(can('posts:read')).toBe(false);
    expect(can('posts:create')).toBe(false);
  });

  it.each([
    [[]],
    [['nobody']],
    [['posts:read']],
    [['*']],
    [['constructor']],
    ['author'],
    [null],
    [undefined],
    [[null]],
  ])('allows nothing with the roles %j', (roles) => {
    const { can, hasRole } = blog.bind({ ...ada, roles: roles as readonly string[] }).authorization;
    expect(can('posts:read')).toBe(false);
    expect(hasRole('author')).toBe(false);
    expect(blog.bind({ ...ada, roles: roles as readonly string[] }).authorization.roles).toEqual([]);
  });

  it('gives names of object members no meaning', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype'];
    const { authorization, decide } = blog.bind({ ...withScopes(names), roles: [...names, 'author'] });
    for (const name of names) {
      expect(decide(name, undefined)).toBe('unknown_permission');
      expect(authorization.hasRole(name as 'admin')).toBe(false);
      expect(blog.hasRule(name)).toBe(false);
    }
    expect(authorization.can('posts:read')).toBe(false);
  });

  it('holds a role through one that includes it, and none through a wildcard', () => {
    const author = blog.bind(ada).authorization;
    expect([author.hasRole('author'), author.hasRole('reader'), author.hasRole('admin')]).toEqual([true, true, false]);
    expect(blog.bind({ ...ada, roles: ['admin'] }).authorization.hasRole('reader')).toBe(false);
  });

  it('keeps nothing of a list that changes afterwards', () => {
    const roles = ['reader'];
    const scopes = ['posts:read'];
    const { can, hasRole } = blog.bind(withScopes(scopes, roles)).authorization;
    roles.push('admin');
    scopes.push('everything');
    expect(can('keys:manage')).toBe(false);
    expect(hasRole('admin')).toBe(false);
    expect(blog.bind(withScopes(['posts:read'], ['reader'])).authorization.can('keys:manage')).toBe(false);
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('database is down');
      },
    ],
    ['answers a promise', async () => true],
    ['answers a rejected promise', () => Promise.reject(new Error('late'))],
    ['answers 1', () => 1],
    ['answers an object', () => ({})],
    ['answers nothing', () => undefined],
  ])('denies and reports when a rule %s', (_, rule) => {
    const onError = vi.fn();
    const policy = createPolicy({
      permissions: ['posts:read'],
      roles: { admin: ['*'] },
      rules: () => ({ 'posts:read': rule as () => boolean }),
      onError,
    });
    const bound = policy.bind({ ...ada, roles: ['admin'] });
    expect(bound.decide('posts:read', {})).toBe('rule');
    expect(onError).toHaveBeenCalledExactlyOnceWith(expect.any(Error), 'posts:read');
  });

  it('denies where the log itself throws', () => {
    const policy = createPolicy({
      permissions: ['posts:read'],
      roles: { admin: ['*'] },
      rules: () => ({
        'posts:read': () => {
          throw new Error('rule');
        },
      }),
      onError: () => {
        throw new Error('log');
      },
    });
    expect(policy.bind({ ...ada, roles: ['admin'] }).authorization.can('posts:read', {})).toBe(false);
  });

  it('tells a rule who asks, by which credential, and for whom', () => {
    const seen: unknown[] = [];
    const policy = createPolicy({
      permissions: ['posts:read'],
      roles: { admin: ['*'] },
      rules: (rule) => ({ 'posts:read': rule(({ auth, resource }) => seen.push(auth, resource) > 0) }),
    });
    const subject = { ...ada, roles: ['admin', 'unknown'], actor: { kind: 'user', id: 'support' } };
    expect(policy.bind(subject).authorization.can('posts:read', 7)).toBe(true);
    const { principal, credential, actor } = subject;
    expect(seen).toEqual([{ principal, credential, actor, roles: ['admin'], hasRole: expect.any(Function) }, 7]);
  });
});

describe('createPolicy, tenants', () => {
  const post = (tenant: unknown): Post => ({ authorId: 'ada', tenant }) as Post;

  it.each(['reader', 'author', 'admin'])(`denies a %s another tenant's resource ${requirement('C7')}`, (role) => {
    const { decide } = blog.bind(inTenant('acme', [role]));
    expect(decide('posts:read', post('acme'))).toBe('granted');
    expect(decide('posts:read', post('globex'))).toBe('tenant');
  });

  it(`asks no rule about another tenant's resource ${requirement('C7')}`, () => {
    const rule = vi.fn(() => true);
    const policy = createPolicy({
      permissions: ['posts:read'],
      roles: { admin: ['*'] },
      rules: () => ({ 'posts:read': rule }),
      tenantOf: (resource) => resource.tenant,
    });
    expect(policy.bind(inTenant('acme')).decide('posts:read', post('globex'))).toBe('tenant');
    expect(rule).not.toHaveBeenCalled();
  });

  it('denies a resource of no tenant unless the permission is shared', () => {
    const policy = createPolicy({
      permissions: ['posts:read', 'posts:update'],
      roles: { admin: ['*'] },
      tenantOf: (resource) => resource.tenant,
      shared: ['posts:read'],
    });
    const { decide } = policy.bind(inTenant('acme'));
    expect(decide('posts:read', post(undefined))).toBe('granted');
    expect(decide('posts:read', post(null))).toBe('granted');
    expect(decide('posts:update', post(undefined))).toBe('tenant');
    expect(decide('posts:read', post('globex'))).toBe('tenant');
    expect(decide('posts:read', 'a string')).toBe('granted');
    expect(decide('posts:update', 'a string')).toBe('tenant');
  });

  it('denies a principal without a tenant what belongs to one', () => {
    const { decide } = blog.bind(inTenant(undefined));
    expect(decide('posts:read', post('acme'))).toBe('tenant');
    expect(decide('posts:read', post(undefined))).toBe('granted');
  });

  it('lets only principals without a tenant cross, in the roles that were named', () => {
    const policy = createPolicy({
      permissions: ['posts:read'],
      roles: { operator: ['posts:read'], chief: ['operator'], admin: ['*'] },
      tenantOf: (resource) => resource.tenant,
      dangerouslyAllowAcrossTenants: ['operator'],
    });
    const verdict = (subject: Subject) => policy.bind(subject).decide('posts:read', post('acme'));
    expect(verdict(inTenant(undefined, ['operator']))).toBe('granted');
    expect(verdict(inTenant(undefined, ['chief']))).toBe('granted');
    expect(verdict(inTenant(undefined, ['admin']))).toBe('tenant');
    expect(verdict(inTenant('globex', ['operator']))).toBe('tenant');
    expect(verdict(inTenant('', ['operator']))).toBe('tenant');
  });

  it.each([[''], [7], [true], [['acme']], [Promise.resolve('acme')], [{ toString: () => 'acme' }]])(
    'denies when tenantOf answers %j, which is no tenant',
    (tenant) => {
      const onError = vi.fn();
      const policy = createPolicy({
        permissions: ['posts:read'],
        roles: { admin: ['*'] },
        tenantOf: () => tenant,
        shared: ['posts:read'],
        onError,
      });
      expect(policy.bind(inTenant('acme')).decide('posts:read', {})).toBe('tenant');
      expect(policy.bind(inTenant(undefined)).decide('posts:read', {})).toBe('tenant');
      expect(policy.bind(inTenant('')).decide('posts:read', {})).toBe('tenant');
      expect(onError).toHaveBeenCalledTimes(3);
    },
  );

  it('denies when tenantOf throws', () => {
    const onError = vi.fn();
    const policy = createPolicy({
      permissions: ['posts:read'],
      roles: { admin: ['*'] },
      tenantOf: () => {
        throw new Error('no such column');
      },
      shared: ['posts:read'],
      onError,
    });
    expect(policy.bind(inTenant('acme')).decide('posts:read', {})).toBe('tenant');
    expect(policy.bind(inTenant(undefined)).decide('posts:read', {})).toBe('tenant');
    expect(onError).toHaveBeenCalledTimes(2);
  });

  it('denies a principal with a tenant every resource where the policy cannot tell tenants', () => {
    const policy = createPolicy({ permissions: ['posts:read'], roles: { admin: ['*'] } });
    expect(policy.bind(inTenant('acme')).decide('posts:read', post('acme'))).toBe('tenant');
    expect(policy.bind(inTenant('acme')).decide('posts:read', undefined)).toBe('granted');
    expect(policy.bind(inTenant(undefined)).decide('posts:read', post('acme'))).toBe('granted');
  });
});
