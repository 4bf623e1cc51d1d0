/**
 * Portcullis' core: who is calling, then may they do this.
 *
 * @packageDocumentation
 */
export {
  type CoreErrorCode,
  CoreError,
  coreErrors,
  type DenialCode,
  invalidOption,
  StorageUnavailableError,
} from './errors/core-errors.js';
export { type ErrorEntry, type ErrorTable, isPortcullisError, PortcullisError } from './errors/portcullis-error.js';
export {
  createEvents,
  type EventListener,
  type EventOf,
  type EventSink,
  type Events,
  type EventsOptions,
  type EventStamp,
  type EventType,
  type HeardEvents,
} from './events/events.js';
export type { Authentication } from './guard/authentication.js';
export {
  type Absent,
  absent,
  type Authenticated,
  type AuthenticationResult,
  type Authenticator,
  type CredentialDescription,
  type CredentialPlace,
  type PrincipalOf,
  type Rejected,
  type Unavailable,
} from './guard/authenticator.js';
export { cachedRoles, type CachedRolesOptions } from './guard/cached-roles.js';
export { type Challenge, formatChallenges, parseChallenges } from './guard/challenge.js';
export { corsExposedHeaders } from './guard/cors-headers.js';
export { createGuard } from './guard/create-guard.js';
export { malformedCredential, readAuthorization } from './guard/credentials-header.js';
export { type Denial, type DenialDetails, deny } from './guard/denial.js';
export type { Allowed, Decision, Guard, GuardOptions, Refused, Supplies } from './guard/guard.js';
export type { CallerFacts, GuardEvents, RequestFacts } from './guard/guard-events.js';
export type { Outcome, Problem } from './guard/outcome.js';
export type { Actor, AuthorizationDetail, Credential, Principal } from './guard/principal.js';
export type { AuthRequest, Exchange, HeaderField, ResponseSink } from './guard/request.js';
export {
  allOf,
  anyOf,
  type PermissionExpression,
  type PermissionOptions,
  type Requirement,
  type RequirementOptions,
} from './guard/requirement.js';
export { type ReturnToOptions, safeReturnTo } from './guard/return-to.js';
export { describeRequirement, type RouteEntry, routeEntry } from './guard/route-audit.js';
export { createPolicy } from './policy/create-policy.js';
export { type Background, createBackground } from './lifecycle/background.js';
export {
  createRevocationSignal,
  type RevocationSignal,
  type RevocationSignalParts,
} from './lifecycle/revocation-signal.js';
export { createTouchBuffer, type TouchBuffer } from './lifecycle/touch-buffer.js';
export { PermissionDenied } from './policy/permission-denied.js';
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
} from './policy/policy.js';
export type {
  PointAtStrangers,
  PolicyOptions,
  PolicyVocabulary,
  ReadPrincipal,
  ResourcesOf,
  Strangers,
} from './policy/policy-options.js';
export type {
  DetailContext,
  DetailHandler,
  FieldList,
  Rule,
  RuleAuth,
  RuleBuilder,
  RuleContext,
  RuleSet,
} from './policy/rule.js';
export type { Wildcard } from './policy/wildcard.js';
export { decodeBase64url, encodeBase64url } from './runtime/base64url.js';
export { timingSafeEqual } from './runtime/constant-time.js';
export type { Clock, Environment, Fetch, Random } from './runtime/environment.js';
export { createHmac, type Hmac } from './runtime/hmac.js';
export { type KeyRing, type KeyRingRule, type ParsedKeyRing, parseKeyRing } from './runtime/key-ring.js';
export { isPromise, type MaybePromise, andThen, settle } from './runtime/maybe-promise.js';
export { random, randomBase62, randomToken } from './runtime/random.js';
export { createSealer, type Sealer } from './runtime/sealer.js';
export { Secret } from './runtime/secret.js';
export { sha256, sha256Bytes } from './runtime/sha256.js';
export { utf8 } from './runtime/utf8.js';
export { type CachedOptions, cached } from './storage/cached-storage.js';
export { type Lease, type LeaseOptions, type LeaseRecord, withLease } from './storage/lease.js';
export { createMemoryStorage, type MemoryStorage, type MemoryStorageOptions } from './storage/memory-storage.js';
export { type ModifyOptions, modify } from './storage/modify.js';
export type {
  Bus,
  BusListener,
  CallOptions,
  Collection,
  CollectionDefinition,
  ConsumeOptions,
  Consumption,
  CounterRule,
  Counters,
  FixedWindow,
  Gcra,
  ListQuery,
  Page,
  ScanQuery,
  Storage,
  StorageCapabilities,
  Stored,
  StoredRecord,
  StringField,
  Touch,
  Version,
} from './storage/storage.js';
export { type SweepOptions, sweepExpired } from './storage/sweep-expired.js';
