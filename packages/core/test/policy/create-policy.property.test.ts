import { createPolicy, type Policy } from '@portcullis/core/policy';
import { requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Caller, type Model, naive, type Thing } from './naive-policy.js';

const actions = ['read', 'create', 'update', 'delete', 'constructor'];
// Two areas share a prefix, and enough of them that masks have more than one word.
const permissions = ['posts', 'post', 'posts:drafts', 'keys', 'users', 'teams', 'bills'].flatMap((area) =>
  actions.map((action) => `${area}:${action}`),
);
const roleNames = ['reader', 'author', 'editor', 'admin', 'constructor', '__proto__', 'toString'];
const scopeNames = ['read', 'write', 'all', 'hasOwnProperty', '__proto__'];
const wildcards = ['*', 'posts:*', 'posts:drafts:*', 'keys:*'];

/** An object with these own keys, `__proto__` among them. */
const record = (entries: readonly (readonly [string, readonly string[]])[]): Record<string, readonly string[]> =>
  Object.fromEntries(entries);

const grantable = fc.constantFrom(...permissions, ...wildcards);
const models: fc.Arbitrary<Model> = fc
  .record({
    // A role includes only earlier ones, so that there is no cycle.
    roles: fc.tuple(
      ...roleNames.map((name, at) =>
        fc
          .array(at === 0 ? grantable : fc.oneof(grantable, fc.constantFrom(...roleNames.slice(0, at))), {
            maxLength: 4,
          })
          .map((list): readonly [string, readonly string[]] => [name, list]),
      ),
    ),
    scopes: fc.tuple(
      ...scopeNames.map((name) =>
        fc.array(grantable, { maxLength: 4 }).map((list): readonly [string, readonly string[]] => [name, list]),
      ),
    ),
    ruled: fc.subarray(permissions),
    shared: fc.subarray(permissions),
  })
  .map(({ roles, scopes, ruled, shared }) => ({
    permissions,
    roles: record(roles),
    scopes: record(scopes),
    ruled,
    shared,
  }));

const tenants = fc.constantFrom('acme', 'globex', undefined);
const people = fc.constantFrom('ada', 'grace');
const callers: fc.Arbitrary<Caller> = fc.record({
  id: people,
  tenant: tenants,
  roles: fc.array(fc.constantFrom(...roleNames, 'nobody', 'posts:read', 'valueOf'), { maxLength: 4 }),
  scopes: fc.option(
    fc.array(fc.constantFrom(...scopeNames, ...permissions, '*', 'posts:*', 'openid'), { maxLength: 4 }),
    {
      nil: undefined,
    },
  ),
});
const things: fc.Arbitrary<Thing> = fc.record({ owner: people, tenant: tenants });

function compile(model: Model): Policy {
  return createPolicy({
    permissions: model.permissions,
    roles: model.roles,
    scopes: model.scopes,
    shared: model.shared,
    tenantOf: (thing) => thing['tenant'],
    rules: (rule) =>
      Object.fromEntries(
        model.ruled.map((name) => [name, rule<Thing>(({ auth, resource }) => resource.owner === auth.principal.id)]),
      ),
  });
}

function bind(policy: Policy, { id, tenant, roles, scopes }: Caller) {
  return policy.bind({ principal: { kind: 'user', id, tenant }, credential: { scheme: 's', id: 'c', scopes }, roles });
}

describe('createPolicy, against a naive model', () => {
  it(`grants exactly what roles, scopes, tenant and rule all allow ${requirement('K7')}`, () => {
    fc.assert(
      fc.property(
        models,
        fc.array(fc.record({ caller: callers, thing: fc.option(things, { nil: undefined }) }), {
          minLength: 1,
          maxLength: 5,
        }),
        (model, questions) => {
          const policy = compile(model);
          const expected = naive(model);
          for (const { caller, thing } of questions) {
            const { authorization, decide, before } = bind(policy, caller);
            for (const permission of [...permissions, 'posts:*', '*', '__proto__', 'constructor', 'reader']) {
              const can = authorization.can(permission, thing);
              expect([permission, can]).toEqual([permission, expected.can(caller, permission, thing)]);
              expect(decide(permission, thing) === 'granted').toBe(can);
              expect(authorization.explain(permission, thing).verdict).toBe(decide(permission, thing));
              expect(!can || before(permission) === 'granted').toBe(true);
            }
            for (const role of [...roleNames, 'nobody', 'valueOf', 'posts:read'])
              expect(authorization.hasRole(role)).toBe(expected.hasRole(caller, role));
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it(`never lets a principal out of its tenant, whatever its roles and scopes ${requirement('C7')}`, () => {
    fc.assert(
      fc.property(models, callers, people, (model, caller, owner) => {
        const policy = compile(model);
        const { authorization } = bind(policy, { ...caller, tenant: 'acme' });
        for (const permission of permissions) {
          expect(authorization.can(permission, { owner, tenant: 'globex' })).toBe(false);
          const reached = authorization.can(permission, { owner, tenant: undefined });
          expect(reached && !model.shared.includes(permission)).toBe(false);
        }
      }),
      { numRuns: 100 },
    );
  });

  it(`a scope never grants: with it there is no more than without ${requirement('K7')}`, () => {
    fc.assert(
      fc.property(models, callers, (model, caller) => {
        const policy = compile(model);
        const scoped = bind(policy, caller).authorization;
        const unscoped = bind(policy, { ...caller, scopes: undefined }).authorization;
        const more = permissions.filter((permission) => scoped.can(permission) && !unscoped.can(permission));
        expect(more).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('scopesFor names every scope that lifts the ceiling, and no other, narrowest first', () => {
    fc.assert(
      fc.property(models, fc.constantFrom(...permissions), (model, permission) => {
        const policy = compile(model);
        const width = (scope: string): number => {
          const all = naive({ ...model, roles: record([['all', ['*']]]), ruled: [] });
          const caller: Caller = { id: 'ada', tenant: undefined, roles: ['all'], scopes: [scope] };
          return permissions.filter((name) => all.can(caller, name, undefined)).length;
        };
        const named = policy.scopesFor(permission);
        const lifts = (scope: string): boolean => {
          const everything = naive({ ...model, roles: record([['all', ['*']]]), ruled: [] });
          return everything.can(
            { id: 'ada', tenant: undefined, roles: ['all'], scopes: [scope] },
            permission,
            undefined,
          );
        };
        expect(new Set(named)).toEqual(new Set([...scopeNames, ...permissions].filter(lifts)));
        const widths = named.map(width);
        expect(widths).toEqual(widths.toSorted((one, other) => one - other));
      }),
      { numRuns: 50 },
    );
  });

  it('gives the same answers for more lists of roles than it remembers', () => {
    const names = Array.from({ length: 12 }, (_, at) => `role${at}`);
    const roles = record(names.map((name, at) => [name, [permissions[at] ?? '*']]));
    const model: Model = { permissions, roles, scopes: {}, ruled: [], shared: [] };
    const policy = compile(model);
    const expected = naive(model);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...names), { maxLength: 12 }), (held) => {
        const caller: Caller = { id: 'ada', tenant: undefined, roles: held, scopes: undefined };
        const { can } = bind(policy, caller).authorization;
        for (const permission of permissions) expect(can(permission)).toBe(expected.can(caller, permission, undefined));
      }),
      { numRuns: 600 },
    );
  });
});
