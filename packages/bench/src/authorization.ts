import { AbilityBuilder, createMongoAbility, subject } from '@casl/ability';
import { createPolicy, type Policy } from '@portcullis/core';
import { type Contender, duel } from './duel.js';

const actions = ['read', 'create', 'update', 'delete'] as const;
const resources = Array.from({ length: 25 }, (_, i) => `res${i}`);
const questions = Array.from(
  { length: 512 },
  (_, i) => [actions[(i * 7) % 4] as string, resources[(i * 11) % 25] as string] as const,
);
const grants = resources
  .slice(0, 20)
  .flatMap((resource) => actions.slice(0, 3).map((action) => [action, resource] as const));

function asks(
  name: string,
  answer: (action: string, resource: string) => boolean,
  wanted: (action: string, resource: string) => boolean,
  more: Partial<Contender> = {},
): Contender {
  let next = 0;
  return {
    name,
    run: () => {
      const [action, resource] = questions[(next = (next + 1) & 511)] as (typeof questions)[number];
      return answer(action, resource);
    },
    check: () => questions.every(([action, resource]) => answer(action, resource) === wanted(action, resource)),
    ...more,
  };
}

const credential = { scheme: 'bench', id: 'c1' };

/** `can` by role: 60 grants, 100 distinct questions. */
async function byRole(): Promise<void> {
  const set = new Set(grants.map(([action, resource]) => `${action}:${resource}`));
  const wanted = (action: string, resource: string): boolean => set.has(`${action}:${resource}`);
  const { can, build } = new AbilityBuilder(createMongoAbility);
  for (const [action, resource] of grants) can(action, resource);
  const casl = build();
  const permissions = resources.flatMap((resource) => actions.map((action) => `${action}:${resource}`));
  const policy = createPolicy({
    permissions,
    roles: { editor: grants.map(([action, resource]) => `${action}:${resource}`) },
  }) as unknown as Policy;
  const { authorization } = policy.bind({ principal: { kind: 'user', id: 'u1' }, credential, roles: ['editor'] });
  await duel('can by role (60 grants, 100 distinct questions)', [
    asks("limit: Set.has(action + ':' + resource)", wanted, wanted, { limit: true }),
    asks('portcullis auth.can', (action, resource) => authorization.can(`${action}:${resource}`), wanted, {
      goal: 1.2,
    }),
    asks('CASL ability.can', (action, resource) => casl.can(action, resource), wanted),
  ]);
}

interface Doc {
  readonly ownerId: string;
  readonly tenant: string;
  readonly status: string;
}

/** `can` by a rule on the resource. */
async function byRule(): Promise<void> {
  const docs: Doc[] = Array.from({ length: 64 }, (_, k) => ({
    ownerId: `u${k % 4}`,
    tenant: `t${k % 3}`,
    status: k % 2 ? 'draft' : 'published',
  }));
  const me = { id: 'u1', tenant: 't1' };
  const wanted = (doc: Doc): boolean =>
    doc.ownerId === me.id || (doc.status === 'published' && doc.tenant === me.tenant);
  const builder = new AbilityBuilder(createMongoAbility);
  builder.can('update', 'Doc', { ownerId: me.id });
  builder.can('update', 'Doc', { status: 'published', tenant: me.tenant });
  const casl = builder.build();
  const tagged = docs.map((doc) => subject('Doc', { ...doc }));
  const policy = createPolicy({
    permissions: ['docs:update'],
    roles: { editor: ['docs:update'] },
    rules: (rule) => ({
      'docs:update': rule<Doc>(
        ({ auth, resource }) =>
          resource.ownerId === auth.principal.id || (resource.status === 'published' && resource.tenant === me.tenant),
      ),
    }),
  });
  const { authorization } = policy.bind({ principal: { kind: 'user', id: me.id }, credential, roles: ['editor'] });
  const over = <T>(
    name: string,
    list: readonly T[],
    answer: (item: T) => boolean,
    more: Partial<Contender> = {},
  ): Contender => {
    let next = 0;
    return {
      name,
      run: () => answer(list[(next = (next + 1) & 63)] as T),
      check: () => list.every((item, i) => answer(item) === wanted(docs[i] as Doc)),
      ...more,
    };
  };
  await duel('can by rule: may I update this document?', [
    over('limit: hand-written predicate', docs, wanted, { limit: true }),
    over('portcullis auth.can', docs, (doc) => authorization.can('docs:update', doc), { goal: 6 }),
    over('CASL ability.can', tagged, (doc) => casl.can('update', doc)),
  ]);
}

export async function authorization(): Promise<void> {
  await byRole();
  await byRule();
}
