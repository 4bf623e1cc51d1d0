/**
 * API keys: issue, verify, rotate, revoke and meter them.
 *
 * @packageDocumentation
 */
export {
  type ApiKey,
  apiKeyCollection,
  type ApiKeyIdentity,
  type ApiKeyQuota,
  type ApiKeyRateLimit,
  type ApiKeyRecord,
  type ApiKeySettings,
  type Json,
} from './api-key.js';
export type { ApiKeyAuthenticatorOptions, ApiKeyPrincipal, StrongerFactor } from './api-key-authenticator.js';
export type { ApiKeyEvents, KeyFacts, KeyRejection } from './api-key-events.js';
export type {
  ApiKeyChanges,
  KeysOf,
  LeakReport,
  ListKeysQuery,
  OwnerCheck,
  RevokeAllOptions,
  RevokeOptions,
  RotateOptions,
} from './change-keys.js';
export { cidrContains, type Cidr, parseCidr } from './cidr.js';
export {
  type ApiKeyVerifier,
  type ApiKeyVerifierOptions,
  createApiKeyVerifier,
  type VerifyingOptions,
} from './create-api-key-verifier.js';
export { type ApiKeys, type ApiKeysOptions, createApiKeys } from './create-api-keys.js';
export { ApiKeyError, type ApiKeyErrorCode, apiKeyErrors } from './errors.js';
export {
  type ApiKeyFence,
  apiKeyFenceCollection,
  type ForeignApiKey,
  type IssuedApiKey,
  type IssueOptions,
  type NewApiKey,
} from './issue-keys.js';
export { createKeyFormat, type KeyFormat, type KeyFormatOptions, type KeyReader, type KeyShape } from './key-format.js';
export { bufferedQuotas, type MeteredCall, type QuotaMeter, type QuotaMeterOptions } from './quota-meter.js';
export {
  createSecretScanningReceiver,
  type SecretScanningReceiverOptions,
} from './secret-scanning/create-secret-scanning-receiver.js';
export { secretScanningPattern } from './secret-scanning/secret-scanning-pattern.js';
export type { LimitedKey, RejectedKey, VerifiedKey, VerifyContext, VerifyResult } from './verify-key.js';
