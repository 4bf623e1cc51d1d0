/**
 * What may be asked, and who may what: roles, scopes, rules, tenants and fields.
 *
 * @packageDocumentation
 */
export { createPolicy } from './create-policy.js';
export { PermissionDenied } from './permission-denied.js';
export type {
  Authorization,
  BoundPolicy,
  Explanation,
  ExplanationStep,
  Known,
  Policy,
  ResourceArguments,
  Subject,
  Verdict,
  Vocabulary,
} from './policy.js';
export type {
  PointAtStrangers,
  PolicyOptions,
  PolicyVocabulary,
  ReadPrincipal,
  ResourcesOf,
  Strangers,
} from './policy-options.js';
export type {
  DetailContext,
  DetailHandler,
  FieldList,
  Rule,
  RuleAuth,
  RuleBuilder,
  RuleContext,
  RuleSet,
} from './rule.js';
export type { Wildcard } from './wildcard.js';
