import { type Clock, type Fetch, isPortcullisError } from '@portcullis/core';
import { urlObjection } from '@portcullis/core/fetch';
import * as oauth from 'oauth4webapi';
import {
  createCallbackCheck,
  createClient,
  createClientAuthentication,
  privateKeyOf,
} from './client-authentication.js';
import type { Connection, ConnectionOptions, ProviderRegistration } from './connection.js';
import { discover } from './discover.js';
import { invalidOption } from '../errors.js';
import { createGuardedFetch } from './guarded-fetch.js';
import { mapFailure } from './map-failure.js';
import type { Provider } from '../provider.js';
import { speakDialect } from './provider-dialect.js';
import { whileWanted } from './while-wanted.js';

const freshMs = 3_600_000;
// An outage of a provider's metadata costs nobody a sign-in, but what nobody could confirm for a day is not believed for ever.
const staleMs = 86_400_000;
const retryMs = 60_000;

const names = /^[a-z\d][a-z\d-]{0,62}$/;
// RFC 6749 appendix A.4: a scope token, and here no comma, which some providers separate them by.
const scopeToken = /^[!#-+\--[\]-~]{1,255}$/;

function wholeOption(option: string, value: number, [min, max]: readonly [number, number]): number {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw invalidOption(option, `give a whole number from ${min} to ${max}`);
  }
  return value;
}

function checkProvider(provider: Provider, allowPrivate: boolean): void {
  if (!names.test(provider.id)) throw invalidOption('provider.id', 'use lower-case letters, digits and -');
  const issuer = urlObjection(provider.issuer, allowPrivate);
  if (issuer !== undefined) throw invalidOption('provider.issuer', issuer);
  if (provider.discovery !== 'none' && new URL(provider.issuer).search !== '') {
    throw invalidOption('provider.issuer', 'an issuer with discovery has no query (RFC 8414 section 2)');
  }
  for (const [name, url] of Object.entries(provider.endpoints ?? {})) {
    const objection = typeof url === 'string' ? urlObjection(url, allowPrivate) : undefined;
    if (objection !== undefined) throw invalidOption(`provider.endpoints.${name}`, objection);
  }
  if (provider.discovery === 'none' && provider.endpoints?.token === undefined) {
    throw invalidOption('provider.endpoints.token', 'a provider without discovery needs it');
  }
}

interface Held {
  readonly server: oauth.AuthorizationServer;
  readonly fetchedAt: number;
  readonly askAgainAt: number;
}

/** Metadata with one fetch at a time for all callers, kept for an hour, and served stale for a day when there is no newer. */
function createMetadata(load: () => Promise<oauth.AuthorizationServer>, clock: Clock) {
  let held: Held | undefined;
  let inFlight: Promise<oauth.AuthorizationServer> | undefined;

  async function refresh(): Promise<oauth.AuthorizationServer> {
    try {
      const server = await load();
      held = { server, fetchedAt: clock(), askAgainAt: clock() + freshMs };
      return server;
    } catch (error) {
      const now = clock();
      if (!isPortcullisError(error, 'provider_unavailable') || held === undefined || now - held.fetchedAt > staleMs) {
        throw error;
      }
      held = { ...held, askAgainAt: now + retryMs };
      return held.server;
    } finally {
      inFlight = undefined;
    }
  }

  return {
    current: (): oauth.AuthorizationServer | undefined => held?.server,
    get(): Promise<oauth.AuthorizationServer> {
      if (held !== undefined && clock() < held.askAgainAt) return Promise.resolve(held.server);
      inFlight ??= refresh();
      return inFlight;
    },
  };
}

/**
 * Connects this application to one provider. Nothing is fetched before it is needed.
 * @param name what the application calls the provider: lower-case letters, digits and `-`
 * @throws {OAuthError} `invalid_option`
 */
export function createConnection(
  name: string,
  registration: ProviderRegistration,
  options: ConnectionOptions = {},
): Connection {
  const { provider, clientId, credential } = registration;
  const { clock = Date.now, dangerouslyAllowPrivateNetwork: allowPrivate = false } = options;
  const plainFetch: Fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
  if (!names.test(name)) throw invalidOption('providers', `call "${name}" by lower-case letters, digits and -`);
  if (typeof clientId !== 'string' || clientId === '') throw invalidOption('clientId', 'give what the provider issued');
  checkProvider(provider, allowPrivate);
  const scopes = Object.freeze([...(registration.scopes ?? provider.scopes)]);
  if (!scopes.every((scope) => scopeToken.test(scope))) throw invalidOption('scopes', 'give one scope an element');
  if (provider.openid && provider.discovery !== 'none' && !scopes.includes('openid')) {
    throw invalidOption('scopes', 'an OpenID provider gives an ID token only for the scope "openid": add it');
  }
  const guarded = createGuardedFetch({
    fetch: plainFetch,
    timeoutMs: wholeOption('timeoutMs', options.timeoutMs ?? 10_000, [1, 300_000]),
    maxBytes: wholeOption('maxBytes', options.maxBytes ?? 1_048_576, [1_024, 67_108_864]),
    allowPrivate,
  });
  const metadata = createMetadata(() => discover(provider, { fetch: guarded, allowPrivate }), clock);
  const tokenEndpoint = (): string | undefined => {
    const known = metadata.current();
    const alias = 'mtls' in credential ? known?.mtls_endpoint_aliases?.token_endpoint : undefined;
    return alias ?? known?.token_endpoint;
  };
  const spoken = speakDialect(provider, tokenEndpoint, guarded);

  const client = createClient(clientId, credential, clock);
  const { dpopKeys, requestObjectKey, pushedAuthorization = true } = registration;
  const server: Connection['server'] = (call = {}) => whileWanted(metadata.get(), call.signal);
  return Object.freeze({
    name,
    provider,
    scopes,
    clock,
    client,
    clientAuth: createClientAuthentication(provider, credential),
    isPublicClient: 'none' in credential,
    isOwnCallback: createCallbackCheck(provider, credential),
    dpop: dpopKeys && oauth.DPoP(client, dpopKeys),
    requestObjectKey: requestObjectKey && privateKeyOf('requestObjectKey', requestObjectKey),
    pushedAuthorization,
    server,
    requestOptions: ({ signal } = {}) => ({
      [oauth.customFetch]: (url, init) => spoken(url, init as RequestInit),
      [oauth.allowInsecureRequests]: allowPrivate,
      ...(signal === undefined ? {} : { signal }),
    }),
    async ask(work, call = {}) {
      try {
        return await work(await server(call));
      } catch (error) {
        throw await mapFailure(error);
      }
    },
  } satisfies Connection);
}
