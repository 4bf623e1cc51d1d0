import {
  type CollectionDefinition,
  createSealer,
  type Environment,
  type KeyRing,
  sha256,
  type Storage,
  type StoredRecord,
} from '@portcullis/core';
import * as oauth from 'oauth4webapi';
import { checkClientIdUrl } from './client-metadata-document.js';
import type { ConnectionLimits, ProviderRegistration } from '../connection/connection.js';
import { createConnection } from '../connection/create-connection.js';
import { invalidOption } from '../errors.js';
import type { ClientCredential, Provider } from '../provider.js';
import { checkRedirectUri, isNativeRedirect } from '../sign-in/redirect-uri.js';

/** A client as a server knows it, sealed, one for each issuer. */
export interface RegistrationRecord extends StoredRecord {
  readonly sealed: string;
}

/** Where they live. Pass it to the adapter's migrations. */
export const registrationCollection: CollectionDefinition<RegistrationRecord> = /* @__PURE__ */ Object.freeze({
  name: 'oauth_registrations',
});

/** What `createClientRegistrations` takes. */
export interface ClientRegistrationsOptions extends Pick<Environment, 'clock' | 'fetch'> {
  readonly storage: Storage;
  readonly encryptionKeys: KeyRing;
  readonly clientName: string;
  readonly redirectUris: readonly string[];
  /** Clients that servers have given, by issuer: these come first. */
  readonly known?: Readonly<Record<string, { readonly clientId: string; readonly credential: ClientCredential }>>;
  /** The address of the client's own metadata document, for servers that read such. */
  readonly clientIdUrl?: string;
  /** How it proves itself there. Default: a public client. */
  readonly clientIdCredential?: ClientCredential;
  readonly limits?: ConnectionLimits;
}

/** Gets a client at servers that nobody configured, as MCP asks it. */
export interface ClientRegistrations {
  /** This application's client at the provider: configured, by its document, or registered now and kept. @throws {OAuthError} */
  at(provider: Provider): Promise<ProviderRegistration>;
  /** Forgets the one at an issuer, which no longer knows it. */
  forget(issuer: string): Promise<void>;
}

interface Registered {
  readonly clientId: string;
  readonly secret?: string | undefined;
}

const maxKeptMs = 365 * 86_400_000;

/**
 * Clients are kept by their issuer, compared exactly, and sealed under it: what one server gave is never shown to another. In the order of the MCP
 * specification a configured client comes first, then the metadata document where the server reads it, then dynamic registration.
 * @throws {OAuthError} `invalid_option`
 * @see RFC 7591; MCP authorization, client registration approaches
 */
export function createClientRegistrations(options: ClientRegistrationsOptions): ClientRegistrations {
  const { storage, redirectUris, known = {}, clientIdUrl, clientName, limits = {}, clock = Date.now, fetch } = options;
  if (redirectUris.length === 0) throw invalidOption('redirectUris', 'name at least one');
  for (const uri of redirectUris) checkRedirectUri(uri);
  if (clientIdUrl !== undefined) checkClientIdUrl(clientIdUrl);
  const sealer = createSealer(options.encryptionKeys, { option: 'encryptionKeys' });
  const records = storage.collection(registrationCollection);
  const contextOf = (issuer: string): string => `oauth client ${issuer}`;
  // A web page's address is of a server; the others are on the user's machine (OpenID Connect Registration section 2).
  const applicationType = redirectUris.every(isNativeRedirect) ? 'native' : 'web';

  async function held(issuer: string): Promise<Registered | undefined> {
    const id = sha256(issuer);
    const stored = await records.get(id, { fresh: true });
    if (stored === undefined) return undefined;
    const text = await sealer.open(stored.record.sealed, contextOf(issuer));
    if (text !== undefined) return JSON.parse(text) as Registered;
    // Sealed under a key that is gone: left there, it would be in the way of a new one.
    await records.delete(id, { version: stored.version });
    return undefined;
  }

  async function register(
    provider: Provider,
    server: oauth.AuthorizationServer,
    request: oauth.HttpRequestOptions<'POST', string>,
  ) {
    const { issuer } = provider;
    const response = await oauth.dynamicClientRegistrationRequest(
      server,
      {
        client_name: clientName,
        redirect_uris: [...redirectUris],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        application_type: applicationType,
        token_endpoint_auth_method: applicationType === 'native' ? 'none' : 'client_secret_basic',
      },
      request,
    );
    const answer = await oauth.processDynamicClientRegistrationResponse(response);
    const { client_id: clientId, client_secret: secret } = answer;
    const client: Registered = { clientId, secret: typeof secret === 'string' ? secret : undefined };
    const { client_secret_expires_at: seconds } = answer as { readonly client_secret_expires_at?: unknown };
    const now = clock();
    const expiresAt = typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : now + maxKeptMs;
    const sealed = await sealer.seal(JSON.stringify(client), contextOf(issuer));
    const created = await records.create({ id: sha256(issuer), createdAt: now, expiresAt, sealed });
    // Another process was quicker: one client is enough.
    return created === undefined ? ((await held(issuer)) ?? client) : client;
  }

  return {
    async at(provider) {
      const { issuer } = provider;
      const given = Object.hasOwn(known, issuer) ? known[issuer] : undefined;
      if (given !== undefined) return { provider, ...given };
      const connection = createConnection(
        provider.id,
        { provider, clientId: 'unregistered', credential: { none: true } },
        { ...limits, clock, ...(fetch === undefined ? {} : { fetch }) },
      );
      return connection.ask(async (server): Promise<ProviderRegistration> => {
        if (clientIdUrl !== undefined && server['client_id_metadata_document_supported'] === true) {
          return { provider, clientId: clientIdUrl, credential: options.clientIdCredential ?? { none: true } };
        }
        const found = await held(issuer);
        if (found === undefined && server.registration_endpoint === undefined) {
          throw invalidOption('known', `${issuer} registers no clients by itself: give the one that it issued to you`);
        }
        const { clientId, secret } = found ?? (await register(provider, server, connection.requestOptions()));
        return { provider, clientId, credential: secret === undefined ? { none: true } : { secret } };
      });
    },
    async forget(issuer) {
      await records.delete(sha256(issuer));
    },
  };
}
