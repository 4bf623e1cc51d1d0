import { createPolicy, type Subject } from '@portcullis/core/policy';
import { describe, expect, it } from 'vitest';

const policy = createPolicy({
  permissions: ['posts:read', 'posts:delete'],
  roles: { reader: ['posts:read'], author: ['reader', 'posts:delete'] },
  scopes: { 'read:posts': ['posts:read'] },
  rules: (rule) => ({
    'posts:delete': rule<{ authorId: string }>(({ auth, resource }) => resource.authorId === auth.principal.id),
  }),
  tenantOf: (resource) => resource.tenant,
});
const canary = 'canary-7f3a';
const explain = (over: Partial<Subject>, permission: string, resource?: unknown) => {
  const { authorization } = policy.bind({
    principal: { kind: 'user', id: canary, tenant: canary },
    credential: { scheme: 'session', id: canary },
    roles: ['author'],
    ...over,
  });
  return (authorization.explain as (permission: string, resource?: unknown) => unknown)(permission, resource);
};

describe('explain', () => {
  it('names the scope and the role that decided', () => {
    const credential = { scheme: 'api-key', id: 'k1', scopes: [canary, 'read:posts'] };
    expect(explain({ credential, roles: [canary, 'author'] }, 'posts:read')).toEqual({
      permission: 'posts:read',
      verdict: 'granted',
      steps: [
        { check: 'vocabulary', passed: true },
        { check: 'scope', passed: true, by: 'read:posts' },
        { check: 'role', passed: true, by: 'author' },
      ],
    });
  });

  it('ends with the step that failed', () => {
    expect(explain({}, 'posts:burn')).toMatchObject({
      verdict: 'unknown_permission',
      steps: [{ check: 'vocabulary', passed: false }],
    });
    expect(explain({ roles: ['reader'] }, 'posts:delete')).toMatchObject({
      verdict: 'role',
      steps: [{ passed: true }, { check: 'scope', by: 'no ceiling' }, { check: 'role', passed: false }],
    });
    expect(explain({}, 'posts:delete', { tenant: 'globex', authorId: canary })).toMatchObject({
      verdict: 'tenant',
      steps: [{}, {}, { by: 'author' }, { check: 'tenant', passed: false, by: 'the resource is of another tenant' }],
    });
    expect(explain({}, 'posts:delete', { tenant: canary, authorId: 'grace' })).toMatchObject({
      verdict: 'rule',
      steps: [{}, {}, {}, { check: 'tenant', passed: true }, { check: 'rule', passed: false, by: 'the rule said no' }],
    });
    expect(explain({}, 'posts:delete')).toMatchObject({
      verdict: 'resource_missing',
      steps: [{}, {}, {}, { check: 'rule', passed: false, by: 'no resource was given' }],
    });
  });

  it('holds no value of the principal, the credential or the resource', () => {
    const credential = { scheme: canary, id: canary, scopes: [canary], authorizationDetails: [{ type: canary }] };
    const all = [
      explain({ credential }, 'posts:read', { tenant: canary }),
      explain({ credential: { ...credential, scopes: ['posts:read'] } }, 'posts:read', { tenant: canary }),
      explain({ roles: [canary] }, 'posts:read', { tenant: canary }),
      explain({}, 'posts:delete', { tenant: `${canary}-other`, authorId: canary }),
      explain({}, 'posts:delete', { tenant: canary, authorId: `${canary}-other` }),
    ];
    expect(JSON.stringify(all)).not.toContain(canary);
  });
});
