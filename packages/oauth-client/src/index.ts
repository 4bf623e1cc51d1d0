/**
 * Sign in with any provider, call its API for the user, and get machine-to-machine tokens.
 * @packageDocumentation
 */
export type { Connection, ConnectionLimits, ConnectionOptions, ProviderRegistration } from './connection.js';
export { createConnection } from './create-connection.js';
export { OAuthError, type OAuthErrorCode, oauthErrors } from './errors.js';
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
export type { TokenSet } from './token-set.js';
