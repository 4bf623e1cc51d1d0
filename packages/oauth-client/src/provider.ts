import type { MaybePromise } from '@portcullis/core';

/** A JSON object from a provider: nothing in it has been checked. */
export type ProviderJson = Readonly<Record<string, unknown>>;

/**
 * A person as a provider describes them. `issuer` and `subject` together are the person's key; nothing else is: an address
 * may be given to somebody else tomorrow.
 * @see OpenID Connect Core section 5.7; ASVS 6.8.1
 */
export interface Profile {
  /** Who says so: the provider's issuer, for Entra the tenant's. */
  readonly issuer: string;
  /** The person's id at that issuer, 1 to 255 characters. Never changes and is never given to another. */
  readonly subject: string;
  readonly name?: string | undefined;
  /** What the provider calls them: a handle that can change. */
  readonly username?: string | undefined;
  readonly email?: string | undefined;
  /** True only where the provider itself says that it checked; a missing statement is no. */
  readonly emailVerified: boolean;
  /** A picture's `https:` address. */
  readonly picture?: string | undefined;
}

/** What a mapper of profiles gets to read. */
export interface ProfileSources {
  /** The ID token's claims, after every check. Empty where the provider issues none. */
  readonly claims: ProviderJson;
  /** One answer for each of the provider's `userInfo` requests, in order. */
  readonly userInfo: readonly unknown[];
  /** The token endpoint's answer, without the tokens. */
  readonly token: ProviderJson;
  /** Parameters of the callback beside code, state and iss: Apple sends the name there, once. Not signed: never part of an identity. */
  readonly callback: ProviderJson;
}

/**
 * A request for facts about the user, sent with the access token. `{access_token}` and `{client_id}` in `url` and `body` stand for these,
 * form-encoded, where a provider wants them elsewhere than in a header.
 */
export interface UserInfoRequest {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Where a provider without discovery listens, or what replaces a discovered address. `https:` each. */
export interface ProviderEndpoints {
  readonly authorization?: string;
  readonly token?: string;
  readonly userInfo?: string;
  readonly revocation?: string;
  readonly introspection?: string;
  readonly deviceAuthorization?: string;
  readonly pushedAuthorization?: string;
  readonly endSession?: string;
  readonly jwks?: string;
}

/** How a client proves itself at the token endpoint. */
export type ClientAuthenticationMethod =
  | 'client_secret_basic'
  | 'client_secret_post'
  | 'private_key_jwt'
  | 'tls_client_auth'
  | 'none';

/**
 * A provider as data: where it is and what is special about it. The application's own id and secret there are not part of it.
 * Anyone can write one; `@portcullis/oauth-client/providers` has the well-known ones.
 */
export interface Provider {
  /** Lower-case letters, digits and `-`: the default name in routes, and of an icon. */
  readonly id: string;
  /** For a button. */
  readonly label: string;
  /** The issuer identifier. For a provider without one, an `https:` URL of its own that names it in identities and never changes. */
  readonly issuer: string;
  /**
   * How its metadata is found: `oidc` asks the issuer's `/.well-known/openid-configuration`, `oauth2` RFC 8414's place,
   * `mcp` all of them in the order of the MCP specification, `none` takes `endpoints` as they are.
   */
  readonly discovery: 'oidc' | 'oauth2' | 'mcp' | 'none';
  readonly endpoints?: ProviderEndpoints;
  /** Whether sign-in gives an ID token. Then one is required, and checked. */
  readonly openid: boolean;
  /** What sign-in asks for by default. */
  readonly scopes: readonly string[];
  /** Default a space, as RFC 6749 section 3.3 has it. */
  readonly scopeSeparator?: ' ' | ',';
  /** Fixed parameters of the authorization request (not of PKCE, state or nonce, which nothing replaces). */
  readonly authorizationParameters?: Readonly<Record<string, string>>;
  /** Default `client_secret_basic`, or what the metadata offers. */
  readonly clientAuthentication?: ClientAuthenticationMethod;
  /** Default `query`. */
  readonly responseMode?: 'query' | 'form_post';
  /** The name it gives the client id in requests. Default `client_id`. */
  readonly clientIdParameter?: string;
  /** What the token endpoint reads. Default `form`. */
  readonly tokenRequestBody?: 'form' | 'json';
  /** Parameters of the callback that the token request repeats, beside the code: `state`, or a device. */
  readonly tokenRequestRepeats?: readonly string[];
  /** Parameters of the callback that each renewal repeats too. They are kept with the tokens. */
  readonly renewalRepeats?: readonly string[];
  /**
   * Whether a callback is the provider's own, where it signs them with the client secret. Asked before anything in it is used; one that is not fails the
   * sign-in. Such a provider takes no other credential.
   */
  readonly isOwnCallback?: (parameters: URLSearchParams, clientSecret: string) => MaybePromise<boolean>;
  /** Algorithms that its ID tokens may be signed with. Default: those of the metadata, without `none` and HMAC. */
  readonly idTokenAlgorithms?: readonly string[];
  /** Turns the token endpoint's answer into what RFC 6749 section 5.1 says, or its error answer into section 5.2's. */
  readonly normalizeTokenAnswer?: (answer: ProviderJson) => ProviderJson;
  /**
   * The issuer an ID token must name, where it is not `issuer`: Entra's multi-tenant endpoint names the user's tenant. Called with claims
   * whose signature is good; the answer is compared exactly.
   */
  readonly expectedIssuer?: (claims: ProviderJson) => string;
  /** How long an access token lives when the answer does not say, seconds. Default: until the provider refuses it. */
  readonly accessTokenLifetime?: number;
  /** Default: the metadata's userinfo endpoint for `openid` providers, else none. */
  readonly userInfo?: readonly UserInfoRequest[];
  /** Maps what came to a profile. Throws nothing: what is missing is left out, and without a subject the sign-in fails. */
  readonly profile: (sources: ProfileSources) => Omit<Profile, 'issuer'> & { readonly issuer?: string };
}

/** Signs a client assertion or secret with a key of the application's. */
export type ClientKey = CryptoKey | { readonly key: CryptoKey; readonly kid?: string };

/** What proves the application's identity to the provider. */
export type ClientCredential =
  | { readonly secret: string | (() => MaybePromise<string>) }
  | { readonly privateKey: ClientKey }
  /** The certificate is in `fetch`: the runtime's own TLS (RFC 8705). */
  | { readonly mtls: true }
  | { readonly none: true };
