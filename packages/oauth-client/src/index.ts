/**
 * Sign in with any provider, call its API for the user, and get machine-to-machine tokens.
 * @packageDocumentation
 */
export type { RequestedDetail } from './sign-in/authorization-details.js';
export {
  type AuthorizationOptions,
  type AuthorizationRequest,
  type AuthorizationRequestOptions,
  type AuthorizationTransaction,
  createAuthorizationRequest,
} from './sign-in/authorization-request.js';
export type { BackchannelLogoutHandlerOptions, EndedSession, EndSession } from './logout/backchannel-logout.js';
export type { CallbackHandlerOptions, SignedInOutcome } from './sign-in/callback-handler.js';
export { type ClientMetadataOptions, clientMetadataDocument } from './registration/client-metadata-document.js';
export {
  type ClientRegistrations,
  type ClientRegistrationsOptions,
  createClientRegistrations,
  registrationCollection,
  type RegistrationRecord,
} from './registration/client-registrations.js';
export type { Connection, ConnectionLimits, ConnectionOptions, ProviderRegistration } from './connection/connection.js';
export { createConnection } from './connection/create-connection.js';
export { createOAuthClient, type OAuthClient } from './create-oauth-client.js';
export { type EndSessionOptions, endSessionUrl } from './logout/end-session-url.js';
export { OAuthError, type OAuthErrorCode, oauthErrors } from './errors.js';
export {
  type Identities,
  type Identity,
  identityCollection,
  type IdentityKey,
  type IdentityRecord,
  leavingCollection,
  type LeavingRecord,
  type UnlinkOptions,
} from './identities.js';
export type { LoginHandlerOptions } from './sign-in/login-handler.js';
export type { LogoutHandlerOptions } from './logout/logout-handler.js';
export type { OAuthClientOptions } from './oauth-client-options.js';
export type { OAuthEvents } from './oauth-events.js';
export type {
  ClientAuthenticationMethod,
  ClientCredential,
  ClientKey,
  Profile,
  ProfileSources,
  Provider,
  ProviderEndpoints,
  ProviderJson,
  UserInfoRequest,
} from './provider.js';
export {
  logoutCollection,
  type LogoutRecord,
  type ProviderSessions,
  providerSessionCollection,
  type ProviderSessionRecord,
  type SignedIn,
  type StartedSession,
} from './logout/provider-sessions.js';
export { type Authorization, redeemAuthorization } from './sign-in/redeem-authorization.js';
export { loopbackRedirectUri } from './sign-in/redirect-uri.js';
export type { BeginOptions, Begun, CompleteOptions, SignInResult } from './sign-in/sign-in.js';
export type { StepUpOptions } from './sign-in/step-up.js';
export type { TokenSet } from './token-set.js';
export { type TransactionRecord, transactionCollection } from './sign-in/transactions.js';
export type { AccessToken, TokenCall } from './tokens/access-token.js';
export type { AuthorizedFetch, AuthorizedFetchOptions } from './tokens/authorized-fetch.js';
export {
  type ClientCredentials,
  type ClientCredentialsOptions,
  createClientCredentials,
} from './tokens/client-credentials.js';
export { beginDeviceFlow, type DeviceFlow, type DeviceFlowOptions } from './tokens/device-flow.js';
export { bindConnection, createDpopKey } from './tokens/dpop-key.js';
export {
  createIntrospection,
  type Introspection,
  type IntrospectionClient,
  type IntrospectionOptions,
} from './tokens/introspection.js';
export {
  type AssertionGrant,
  type AssertionOptions,
  requestByAssertion,
  signAssertion,
} from './tokens/jwt-bearer.js';
export { type ActingParty, outermostActor } from './tokens/outermost-actor.js';
export { revokeToken, type TokenRevocation } from './tokens/revoke-token.js';
export { type ExchangedToken, exchangeToken, type TokenExchange, tokenTypes } from './tokens/token-exchange.js';
export type { TokenWish } from './tokens/token-parameters.js';
export type { Wait } from './tokens/wait.js';
export { createTokenVault } from './vault/create-token-vault.js';
export { type GrantRecord, grantCollection, type RenewalAttempt } from './vault/grant-record.js';
export type { Grant, GrantToStore, TokenVault, TokenVaultOptions } from './vault/token-vault.js';
export type { GrantEnd, GrantFacts, VaultEvents } from './vault/vault-events.js';
