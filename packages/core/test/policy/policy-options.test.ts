import { createPolicy } from '@portcullis/core/policy';
import { describe, expect, it } from 'vitest';

type Options = Readonly<Record<string, unknown>>;
const create = createPolicy as unknown as (options: Options) => unknown;
const base: Options = { permissions: ['posts:read', 'posts:delete'], roles: { reader: ['posts:read'] } };

describe('createPolicy, options', () => {
  it.each<[string, Options, string]>([
    ['no permissions', { permissions: [] }, 'permissions: name at least one'],
    ['permissions that are no array', { permissions: 'posts:read' }, 'permissions: give an array'],
    ['a duplicate', { permissions: ['a', 'b', 'a'] }, 'permissions: "a" stands twice'],
    ['a wildcard as a permission', { permissions: ['posts:*'] }, 'permissions: "posts:*" must be'],
    ['a permission with a space', { permissions: ['posts read'] }, 'permissions: "posts read" must be'],
    ['a permission with a quote', { permissions: ['posts"read'] }, 'permissions: "posts\\"read" must be'],
    ['an empty permission', { permissions: [''] }, 'permissions: "" must be'],
    ['a permission that is no string', { permissions: [7] }, 'permissions: a value of type number must be'],
    [
      'a misspelt permission in a role',
      { roles: { reader: ['posts:raed'] } },
      'roles.reader: "posts:raed" is no permission or role',
    ],
    [
      'a wildcard that matches nothing',
      { roles: { reader: ['keys:*'] } },
      'roles.reader: "keys:*" matches no permission',
    ],
    ['half a wildcard', { roles: { reader: ['post*'] } }, 'roles.reader: "post*" matches no permission'],
    ['a wildcard in front', { roles: { reader: ['*:read'] } }, 'roles.reader: "*:read" matches no permission'],
    ['two wildcards', { roles: { reader: ['*:*'] } }, 'roles.reader: "*:*" matches no permission'],
    ['a role that is a permission', { roles: { 'posts:read': [] } }, 'roles.posts:read: a permission has this name'],
    ['a role without a name', { roles: { '': [] } }, 'roles: "" cannot name a role'],
    ['a role named as a wildcard', { roles: { '*': [] } }, 'roles: "*" cannot name a role'],
    ['a role that is no list', { roles: { reader: 'posts:read' } }, 'roles.reader: give an array'],
    [
      'a member that is no string',
      { roles: { reader: [null] } },
      'roles.reader: a value of type object is no permission',
    ],
    ['a role in itself', { roles: { a: ['a'] } }, 'roles.a: it includes itself (a > a)'],
    [
      'a cycle',
      { roles: { x: ['a'], a: ['b'], b: ['c'], c: ['a'] } },
      'roles.a: it includes itself (x > a > b > c > a)',
    ],
    [
      'a misspelt permission in a scope',
      { scopes: { read: ['posts:raed'] } },
      'scopes.read: "posts:raed" is no permission;',
    ],
    ['a role in a scope', { scopes: { read: ['reader'] } }, 'scopes.read: "reader" is no permission;'],
    ['a scope with a space', { scopes: { 'read posts': [] } }, 'scopes.read posts: a scope is printable ASCII'],
    [
      'a rule outside the vocabulary',
      { rules: () => ({ 'posts:raed': () => true }) },
      'rules: "posts:raed" is not declared',
    ],
    ['a rule for a wildcard', { rules: () => ({ '*': () => true }) }, 'rules: "*" is not declared'],
    ['a rule that is no function', { rules: () => ({ 'posts:read': true }) }, 'rules.posts:read: give a function'],
    ['a rule that is missing', { rules: () => ({ 'posts:read': undefined }) }, 'rules.posts:read: give a function'],
    ['rules that are no function', { rules: { 'posts:read': () => true } }, 'rules: give a function'],
    ['fields outside the vocabulary', { fields: { 'posts:raed': [] } }, 'fields: "posts:raed" is not declared'],
    ['fields that are no list', { fields: { 'posts:read': 'title' } }, 'fields.posts:read: give an array'],
    ['__proto__ as a field', { fields: { 'posts:read': ['__proto__'] } }, 'fields.posts:read: give names of fields'],
    ['a misspelt shared permission', { shared: ['posts:raed'] }, 'shared: "posts:raed" is not declared'],
    [
      'a misspelt role across tenants',
      { dangerouslyAllowAcrossTenants: ['raeder'] },
      'dangerouslyAllowAcrossTenants: "raeder" is not declared',
    ],
    ['a detail reader that is no function', { details: { payment: true } }, 'details.payment: give a function'],
    ['tenantOf that is no function', { tenantOf: 'tenant' }, 'tenantOf: give a function'],
    ['a misspelt option', { tenantof: () => 'acme' }, 'tenantof: there is no such option'],
  ])('refuses %s', (_, options, message) => {
    expect(() => create({ ...base, ...options })).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: expect.stringContaining(message) }),
    );
  });

  it('copies what it was given', () => {
    const reader = ['posts:read'];
    const fields = ['title'];
    const permissions = ['posts:read', 'posts:delete'];
    const roles: Record<string, string[]> = { reader };
    const policy = createPolicy({ permissions, roles, fields: { 'posts:read': fields } });
    reader.push('posts:delete');
    permissions.push('posts:burn');
    roles['root'] = ['*'];
    fields.push('secret');
    const subject = {
      principal: { kind: 'user', id: 'ada' },
      credential: { scheme: 's', id: '1' },
      roles: ['reader', 'root'],
    };
    const { can, pick } = policy.bind(subject).authorization;
    expect([can('posts:read'), can('posts:delete'), can('posts:burn')]).toEqual([true, false, false]);
    expect(pick('posts:read', { title: 't', secret: 's' })).toEqual({ title: 't' });
  });

  it('answers what a guard asks of the vocabulary', () => {
    const policy = createPolicy({
      permissions: ['posts:read', 'posts:delete'],
      roles: { reader: ['posts:read'] },
      rules: (rule) => ({ 'posts:delete': rule(() => true) }),
    });
    expect([...policy.permissions]).toEqual(['posts:read', 'posts:delete']);
    expect([...policy.roles]).toEqual(['reader']);
    expect([policy.hasRule('posts:read'), policy.hasRule('posts:delete'), policy.hasRule('nothing')]).toEqual([
      false,
      true,
      false,
    ]);
  });

  it('takes a diamond of roles, which is no cycle', () => {
    const policy = createPolicy({
      permissions: ['a', 'b'],
      roles: { top: ['left', 'right'], left: ['bottom'], right: ['bottom', 'b'], bottom: ['a'] },
    });
    const { can, hasRole } = policy.bind({
      principal: { kind: 'user', id: 'ada' },
      credential: { scheme: 's', id: '1' },
      roles: ['top'],
    }).authorization;
    expect([can('a'), can('b'), hasRole('bottom')]).toEqual([true, true, true]);
  });
});
