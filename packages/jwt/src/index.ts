/**
 * JWT access tokens: verify anyone's, issue our own, rotate, revoke.
 *
 * @packageDocumentation
 */
export type { AlgorithmFacts, JwsAlgorithm, MacAlgorithm, SignatureAlgorithm } from './engine/algorithms.js';
export { defaultEngine } from './engine/default-engine.js';
export type { CheckSignature, Engine, Sign } from './engine/engine.js';
export { nativeEngine } from './engine/native-engine.js';
export { portableEngine } from './engine/portable-engine.js';
export { JwtError, type JwtErrorCode, jwtErrors } from './errors.js';
export {
  type AuthenticateClient,
  type AuthenticatedClient,
  publicClients,
} from './handlers/authenticate-client.js';
export {
  createIntrospectionHandler,
  type IntrospectionCaller,
  type IntrospectionHandlerOptions,
} from './handlers/introspection-handler.js';
export { createJwksHandler } from './handlers/jwks-handler.js';
export type { Handler } from './handlers/oauth-response.js';
export type { FormParameters } from './handlers/request-parameters.js';
export { createRevocationHandler } from './handlers/revocation-handler.js';
export { createTokenHandler, type TokenHandlerOptions } from './handlers/token-handler.js';
export { createIntrospectionAuthenticator } from './introspect/introspection-authenticator.js';
export type { IntrospectionOptions } from './introspect/introspection-options.js';
export { createTokenIssuer } from './issue/create-token-issuer.js';
export type { IssuedTokens, Refreshed, RefreshRefused, RefreshResult, TokenResponse } from './issue/issued-tokens.js';
export { createJwtSigner, type JwtSigner, type JwtSignerOptions } from './issue/jwt-signer.js';
export type { FamilyFacts, RefreshRefusal, TokenEvents } from './issue/token-events.js';
export type {
  ClientGrant,
  Introspection,
  Login,
  RefreshOptions,
  TokenIssuer,
  TokenIssuerOptions,
} from './issue/token-issuer.js';
export type { RemoteKeysOptions } from './jwks/remote-keys.js';
export type { JwkSet } from './keys/jwk-set.js';
export type { Jwk, KeyInput, KeyObjectLike } from './keys/key-input.js';
export { type HeldKey, type KeyHint, type KeyLookup, type KeySource, selectKey } from './keys/key-source.js';
export type { PinnedKey } from './keys/pinned-keys.js';
export {
  type RefreshFamily,
  refreshFamilyCollection,
  type RefreshFamilyRecord,
  type RefreshKeySpan,
} from './refresh/refresh-family.js';
export { revocationCollection, type RevocationRecord } from './revoke/revocation-record.js';
export {
  createRevocations,
  type Revocations,
  type RevocationsOptions,
  type UserRevocation,
} from './revoke/revocations.js';
export {
  createSigningKeys,
  type RotatingSigningKeys,
  type SigningKeysOptions,
  type SigningKeyState,
} from './sign/create-signing-keys.js';
export {
  type ExternalSigningKey,
  fixedSigningKeys,
  type FixedSigningKeysOptions,
  type LocalSigningKey,
} from './sign/fixed-signing-keys.js';
export type { SigningAlgorithm } from './sign/signing-algorithm.js';
export { signingKeyCollection, type SigningKeySetRecord, type StoredSigningKey } from './sign/signing-key-record.js';
export type { SigningKey, SigningKeys } from './sign/signing-keys.js';
export { createJwtVerifier } from './verify/create-jwt-verifier.js';
export type { IssuerOptions } from './verify/issuer-options.js';
export type { JwtAuthenticator, JwtAuthenticatorOptions } from './verify/jwt-authenticator.js';
export type { JwtVerifier, JwtVerifierOptions, PrincipalContext, VerifierSettings } from './verify/jwt-verifier.js';
export { concerns, type Revocation, type RevocationCheck, type TokenFacts } from './verify/revocation-check.js';
export type { StandardResult, StandardSchema } from './verify/standard-schema.js';
export type { JsonObject } from './verify/strict-json.js';
export type { TokenHeader } from './verify/strict-reader.js';
export type { TokenType } from './verify/token-type.js';
export { type TokenFault, tokenFaults } from './verify/token-fault.js';
export {
  federatedId,
  type SubjectScope,
  type TokenClient,
  type TokenPrincipal,
  type TokenSubject,
  type TokenUser,
} from './verify/token-principal.js';
export type { TokenTransportOptions } from './verify/token-transport.js';
export type { TokenRejected, TokenUndecided, Verification, Verified, VerifiedToken } from './verify/verification.js';
export type { VerifierEvents } from './verify/verifier-events.js';
