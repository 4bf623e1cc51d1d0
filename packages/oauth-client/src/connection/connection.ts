import type { Clock, Environment } from '@portcullis/core';
import type * as oauth from 'oauth4webapi';
import type { ClientCredential, ClientKey, Provider } from '../provider.js';

/** This application, as a provider knows it. */
export interface ProviderRegistration {
  readonly provider: Provider;
  readonly clientId: string;
  readonly credential: ClientCredential;
  /** Replaces the provider's own list. */
  readonly scopes?: readonly string[];
  /** Binds tokens to this key (RFC 9449): every request for tokens, and with them, carries a proof. Default: bearer tokens. */
  readonly dpopKeys?: CryptoKeyPair;
  /** Signs authorization requests (RFC 9101). Default: not signed, which fails at a provider that requires it. */
  readonly requestObjectKey?: ClientKey;
  /** Whether authorization requests are pushed (RFC 9126) where the provider offers that. Default true. */
  readonly pushedAuthorization?: boolean;
}

/** Limits of what is fetched from a provider. */
export interface ConnectionLimits {
  /** Milliseconds for a whole exchange. Default 10,000. */
  readonly timeoutMs?: number;
  /** Bytes of an answer. Default 1,048,576. */
  readonly maxBytes?: number;
  /** Lets `http:` and private addresses through: for a provider on the developer's own machine or inside the own network. Default false. */
  readonly dangerouslyAllowPrivateNetwork?: boolean;
}

/**
 * One provider with this application's client at it: what every request to it needs, found once and shared by sign-in, vault and
 * machine-to-machine tokens.
 */
export interface Connection {
  /** The name in the application's configuration, routes and stored records. */
  readonly name: string;
  readonly provider: Provider;
  readonly scopes: readonly string[];
  readonly clock: Clock;
  readonly client: oauth.Client;
  readonly clientAuth: oauth.ClientAuth;
  /** Whether the client proves nothing: whoever knows its id can be it. */
  readonly isPublicClient: boolean;
  /** Whether a callback is the provider's own, as far as the provider signs them: see `Provider.isOwnCallback`. */
  isOwnCallback(parameters: URLSearchParams): Promise<boolean>;
  /** Proofs of the key that tokens are bound to. */
  readonly dpop?: oauth.DPoPHandle | undefined;
  /** Signs authorization requests. */
  readonly requestObjectKey?: oauth.PrivateKey | undefined;
  readonly pushedAuthorization: boolean;
  /** The metadata: fetched once for all callers at a time, kept for an hour, served stale through an outage. @throws {OAuthError} */
  server(call?: { readonly signal?: AbortSignal }): Promise<oauth.AuthorizationServer>;
  /** Options of an oauth4webapi request: the guarded fetch, and whether plain http is allowed. */
  requestOptions(call?: {
    readonly signal?: AbortSignal | undefined;
  }): oauth.HttpRequestOptions<string, BodyInit | Uint8Array | null | undefined>;
  /** Runs a request to the provider, and turns whatever goes wrong into an `OAuthError` with the right code. */
  ask<R>(work: (server: oauth.AuthorizationServer) => Promise<R>, call?: { readonly signal?: AbortSignal }): Promise<R>;
}

/** What `createConnection` takes beside the registration. */
export interface ConnectionOptions extends Pick<Environment, 'clock' | 'fetch'>, ConnectionLimits {}
