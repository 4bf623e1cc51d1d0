/**
 * Sign in with any provider, call its API for the user, and get machine-to-machine tokens.
 * @packageDocumentation
 */
export type { RequestedDetail } from './authorization-details.js';
export {
  type AuthorizationOptions,
  type AuthorizationRequest,
  type AuthorizationRequestOptions,
  type AuthorizationTransaction,
  createAuthorizationRequest,
} from './authorization-request.js';
export type { BackchannelLogoutHandlerOptions, EndedSession, EndSession } from './backchannel-logout.js';
export type { CallbackHandlerOptions, SignedInOutcome } from './callback-handler.js';
export { type ClientMetadataOptions, clientMetadataDocument } from './client-metadata-document.js';
export {
  type ClientRegistrations,
  type ClientRegistrationsOptions,
  createClientRegistrations,
  registrationCollection,
} from './client-registrations.js';
export type { Connection, ConnectionLimits, ConnectionOptions, ProviderRegistration } from './connection.js';
export { createConnection } from './create-connection.js';
export { createOAuthClient, type OAuthClient } from './create-oauth-client.js';
export { type EndSessionOptions, endSessionUrl } from './end-session-url.js';
export { OAuthError, type OAuthErrorCode, oauthErrors } from './errors.js';
export {
  type Identities,
  type Identity,
  identityCollection,
  type IdentityKey,
  leavingCollection,
  type UnlinkOptions,
} from './identities.js';
export type { LoginHandlerOptions } from './login-handler.js';
export type { LogoutHandlerOptions } from './logout-handler.js';
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
  type ProviderSessions,
  providerSessionCollection,
  type SignedIn,
  type StartedSession,
} from './provider-sessions.js';
export { type Authorization, redeemAuthorization } from './redeem-authorization.js';
export { loopbackRedirectUri } from './redirect-uri.js';
export type { BeginOptions, Begun, CompleteOptions, SignInResult } from './sign-in.js';
export type { StepUpOptions } from './step-up.js';
export type { TokenSet } from './token-set.js';
export { transactionCollection } from './transactions.js';
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
export type { GrantEnd, VaultEvents } from './vault/vault-events.js';
