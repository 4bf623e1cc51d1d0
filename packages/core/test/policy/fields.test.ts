import { createPolicy, PermissionDenied } from '@portcullis/core/policy';
import { requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';

const onError = vi.fn();
const policy = createPolicy({
  permissions: ['users:read', 'users:update', 'users:list', 'users:break', 'users:wait'],
  roles: { member: ['users:read', 'users:update'], admin: ['*'] },
  rules: (rule) => ({
    'users:update': rule<{ id: string }>(({ auth, resource }) => resource.id === auth.principal.id),
  }),
  fields: {
    'users:read': ({ auth }) => (auth.hasRole('admin') ? ['id', 'name', 'email'] : ['id', 'name']),
    'users:update': ['name', 'email'],
    'users:break': () => {
      throw new Error('broken');
    },
    'users:wait': (() => Promise.resolve(['id'])) as unknown as () => string[],
  },
  onError,
});
const as = (...roles: string[]) =>
  policy.bind({ principal: { kind: 'user', id: 'ada' }, credential: { scheme: 's', id: '1' }, roles }).authorization;
const user = { id: 'ada', name: 'Ada', email: 'ada@example.org', hash: 'secret' };

describe('pick', () => {
  it(`strips what was not granted ${requirement('C5')}`, () => {
    expect(as('member').pick('users:read', user)).toEqual({ id: 'ada', name: 'Ada' });
    expect(as('admin').pick('users:read', user)).toEqual({ id: 'ada', name: 'Ada', email: 'ada@example.org' });
  });

  it(`gives nothing when the permission itself is denied ${requirement('C5')}`, () => {
    expect(as().pick('users:read', user)).toEqual({});
    expect(as('member').pick('users:update', { ...user, id: 'grace' })).toEqual({});
  });

  it('gives nothing for a permission without a list, or whose list fails', () => {
    onError.mockClear();
    expect(as('admin').pick('users:list' as 'users:read', user)).toEqual({});
    expect(as('admin').pick('users:break', user)).toEqual({});
    expect(as('admin').pick('users:wait', user)).toEqual({});
    expect(onError).toHaveBeenCalledTimes(2);
  });

  it.each([[null], [undefined], ['ada'], [7]])('gives nothing of %j', (resource) => {
    expect(as('member').pick('users:read', resource as never)).toEqual({});
  });

  it('copies own enumerable properties only', () => {
    const inherited = Object.assign(Object.create({ id: 'inherited' }) as object, { name: 'own' });
    Object.defineProperty(inherited, 'email', { value: 'hidden', enumerable: false });
    expect(as('admin').pick('users:read', inherited)).toEqual({ name: 'own' });
  });
});

describe('refuseExtra', () => {
  const denied = (verdict: string): Error => expect.objectContaining({ code: 'permission_denied', verdict }) as Error;

  it(`refuses a field that may not be written ${requirement('C5')}`, () => {
    const { refuseExtra } = as('member');
    expect(() => refuseExtra('users:update', { name: 'A' }, user)).not.toThrow();
    expect(() => refuseExtra('users:update', {}, user)).not.toThrow();
    expect(() => refuseExtra('users:update', { name: 'A', role: 'admin' }, user)).toThrow(denied('fields'));
    expect(() => refuseExtra('users:update', { name: 'A', role: 'admin' }, user)).toThrow(
      'does not cover the field role',
    );
  });

  it(`refuses when the permission itself is denied ${requirement('C5')}`, () => {
    expect(() => as('member').refuseExtra('users:update', { name: 'A' }, { id: 'grace' })).toThrow(denied('rule'));
    expect(() => as().refuseExtra('users:update', { name: 'A' }, user)).toThrow(denied('role'));
  });

  it.each([
    ['an own __proto__', JSON.parse('{"__proto__":{"role":"admin"}}')],
    ['a symbol', { [Symbol('role')]: 'admin' }],
    ['a hidden property', Object.defineProperty({}, 'role', { value: 'admin' })],
    ['an array', ['name']],
    ['a string', 'name'],
    ['null', null],
  ])('refuses %s', (_, input) => {
    expect(() => as('member').refuseExtra('users:update', input as object, user)).toThrow(denied('fields'));
  });

  it('repeats no name that could be more than a name', () => {
    const secret = 'token=abc def';
    expect(() => as('member').refuseExtra('users:update', { [secret]: 1 }, user)).toThrow(
      new PermissionDenied('users:update', 'fields', 'users:update does not cover a field.'),
    );
  });

  it('passes exactly the inputs whose every key is in the list', () => {
    const { refuseExtra } = as('member');
    const keys = fc.constantFrom('name', 'email', 'id', '__proto__', 'constructor', 'toString', '');
    fc.assert(
      fc.property(fc.uniqueArray(keys), (names) => {
        const input = Object.fromEntries(names.map((name) => [name, 1]));
        const allowed = names.every((name) => name === 'name' || name === 'email');
        let passed = true;
        try {
          refuseExtra('users:update', input, user);
        } catch {
          passed = false;
        }
        expect(passed).toBe(allowed);
      }),
    );
  });
});
