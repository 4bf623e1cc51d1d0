import { invalidOption } from '../errors/core-errors.js';
import type { Principal } from '../guard/principal.js';
import { bindPolicy } from './bind.js';
import { count, has } from './bit-mask.js';
import { compileVocabulary, listed, quote } from './compile-vocabulary.js';
import type { CompiledPermission, CompiledPolicy } from './compiled-policy.js';
import type { BoundPolicy, Policy } from './policy.js';
import type { PointAtStrangers, PolicyOptions, PolicyVocabulary } from './policy-options.js';
import { createRoleGrants } from './role-grants.js';
import type { FieldList, Rule, RuleBuilder, RuleSet } from './rule.js';

// A misspelt option would be a check that silently is not there.
const optionNames: readonly string[] = [
  'permissions',
  'roles',
  'scopes',
  'rules',
  'tenantOf',
  'shared',
  'dangerouslyAllowAcrossTenants',
  'details',
  'fields',
  'onError',
];

type AnyOptions = PolicyOptions<string, string, RuleSet, string>;

const rule: RuleBuilder = (decide) => decide;

function printError(error: unknown): void {
  // oxlint-disable-next-line eslint/no-console -- a rule that throws is a bug, and looks like a plain denial from outside
  console.error(error);
}

function checkFunction(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw invalidOption(option, 'give a function');
}

function checkDeclared(option: string, names: Iterable<string>, known: ReadonlyMap<string, unknown>): void {
  for (const name of names)
    if (!known.has(name)) throw invalidOption(option, `${quote(name)} is not declared; add it or mend the name`);
}

function copyFields(option: string, fields: FieldList): FieldList {
  if (typeof fields === 'function') return fields;
  const names = listed(option, fields);
  if (names.some((name) => typeof name !== 'string' || name === '__proto__'))
    throw invalidOption(option, 'give names of fields; __proto__ cannot be one');
  return names;
}

/** Checks and copies everything, so that the caller's objects may change afterwards. */
function compilePolicy(options: AnyOptions): CompiledPolicy {
  for (const name of Object.keys(options)) {
    if (!optionNames.includes(name)) throw invalidOption(name, `there is no such option; ${optionNames.join(', ')}`);
  }
  const { tenantOf, onError = printError } = options;
  checkFunction('tenantOf', tenantOf);
  checkFunction('onError', onError);
  checkFunction('rules', options.rules);

  const vocabulary = compileVocabulary(options.permissions, options.roles ?? {}, options.scopes ?? {});
  const { permissions: known, roles } = vocabulary;
  const rules = new Map<string, unknown>(Object.entries(options.rules?.(rule) ?? {}));
  const details = new Map(Object.entries(options.details ?? {}));
  const fields = new Map(Object.entries(options.fields ?? {}));
  const shared = listed('shared', options.shared ?? []);
  const crossing = listed('dangerouslyAllowAcrossTenants', options.dangerouslyAllowAcrossTenants ?? []);
  checkDeclared('rules', rules.keys(), known);
  checkDeclared('fields', fields.keys(), known);
  checkDeclared('shared', shared, known);
  checkDeclared('dangerouslyAllowAcrossTenants', crossing, roles);
  for (const [name, decide] of rules) checkFunction(`rules.${name}`, decide ?? null);
  for (const [name, read] of details) checkFunction(`details.${name}`, read ?? null);

  const permissions = new Map<string, CompiledPermission>();
  for (const [name, place] of known) {
    const list = fields.get(name);
    permissions.set(name, {
      ...place,
      name,
      rule: rules.get(name) as Rule<unknown, Principal> | undefined,
      fields: list && copyFields(`fields.${name}`, list),
      shared: shared.includes(name),
    });
  }
  const grantOf = createRoleGrants(vocabulary, permissions);
  return { vocabulary, permissions, grantOf, tenantOf, crossing, details, onError };
}

/**
 * Creates a policy: what may be asked, and who may what.
 *
 * Granted is what the roles that are held now grant, within what the credential's scopes and authorization details
 * let through, on a resource of the principal's own tenant, where the permission's rule agrees. Scopes and rules
 * narrow and never grant. Whatever throws, waits, is unknown or is missing denies. Not checked here: that a list of
 * resources was filtered to what its reader may see, and that the roles are true.
 *
 * @example
 * ```ts
 * import { createPolicy } from '@portcullis/core/policy';
 * const policy = createPolicy({
 *   permissions: ['posts:read', 'posts:delete'],
 *   roles: { reader: ['posts:read'], author: ['reader', 'posts:delete'], admin: ['*'] },
 *   rules: (rule) => ({
 *     'posts:delete': rule<{ authorId: string }>(
 *       ({ auth, resource }) => auth.hasRole('admin') || resource.authorId === auth.principal.id,
 *     ),
 *   }),
 * });
 * ```
 *
 * @throws {CoreError} `invalid_option` for a name nobody declared, a wildcard that matches nothing, a cycle of roles,
 * a role with a permission's name, a duplicate, a misspelt option.
 * @see ASVS 5.0 8.2.1 to 8.2.3 and 8.4.1; RFC 6749 section 3.3 (scopes); RFC 9396 (authorization details)
 */
export function createPolicy<
  const P extends string,
  const R extends string = never,
  Rules extends RuleSet = Readonly<Record<never, never>>,
  const Listed extends NoInfer<P> = never,
>(
  options: PolicyOptions<P, R, Rules, Listed> & PointAtStrangers<Rules, NoInfer<R>, NoInfer<P>>,
): Policy<PolicyVocabulary<P, R, Rules, Listed>> {
  type V = PolicyVocabulary<P, R, Rules, Listed>;
  const policy = compilePolicy(options as unknown as AnyOptions);
  const { permissions, vocabulary } = policy;
  const scopeNames = new Map<string, readonly string[]>();

  function scopesFor(name: string): readonly string[] {
    const permission = permissions.get(name);
    if (permission === undefined) return [];
    let names = scopeNames.get(name);
    if (names === undefined) {
      names = [...vocabulary.scopes]
        .filter(([, mask]) => has(mask, permission))
        .sort(([, one], [, other]) => count(one) - count(other))
        .map(([scope]) => scope);
      scopeNames.set(name, names);
    }
    return names;
  }

  return {
    permissions: new Set(permissions.keys() as Iterable<P>),
    roles: new Set(vocabulary.roles.keys() as Iterable<R>),
    hasRule: (name) => permissions.get(name)?.rule !== undefined,
    scopesFor,
    bind: (subject) => bindPolicy(policy, subject) as unknown as BoundPolicy<V>,
  };
}
