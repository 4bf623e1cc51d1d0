import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { ProviderFixture } from './provider-fixtures.js';

/** A provider's answers on the wire, as its fixture has them, and what it was asked. */
export interface ProviderServer {
  readonly asked: { readonly url: string; readonly method: string; readonly headers: Headers; readonly body: string }[];
  /** The nonce that the next ID token repeats. */
  nonce: string | undefined;
  fetch(url: string, init?: RequestInit): Promise<Response>;
}

const json = (value: unknown): Response => Response.json(value);

const at = (issuer: string, path: string): string => `${issuer.replace(/\/$/, '')}/${path}`;

// One for all: making an RSA key takes longer than everything else.
const keyPair = generateKeyPair('RS256');

/** Serves metadata, keys, tokens and descriptions of the user at the addresses of the record. */
export async function createProviderServer({ provider, sources }: ProviderFixture): Promise<ProviderServer> {
  const { privateKey, publicKey } = await keyPair;
  const jwk: JWK = { ...(await exportJWK(publicKey)), alg: 'RS256', kid: 'key-1' };
  const { issuer, endpoints = {} } = provider;
  const keys = endpoints.jwks ?? at(issuer, 'keys');
  const token = endpoints.token ?? at(issuer, 'token');
  const metadata = {
    issuer,
    authorization_endpoint: at(issuer, 'authorize'),
    token_endpoint: at(issuer, 'token'),
    userinfo_endpoint: at(issuer, 'userinfo'),
    jwks_uri: keys,
    id_token_signing_alg_values_supported: ['RS256'],
  };
  const server: ProviderServer = {
    asked: [],
    nonce: undefined,
    async fetch(url, init = {}) {
      const body = await new Response(init.body ?? null).text();
      server.asked.push({ url, method: init.method ?? 'GET', headers: new Headers(init.headers), body });
      if (url === at(issuer, '.well-known/openid-configuration')) return json(metadata);
      if (url === keys) return json({ keys: [jwk] });
      if (url === token) return json({ ...tokenAnswer(), ...(provider.openid ? { id_token: await idToken() } : {}) });
      const requests = provider.userInfo ?? [{ url: metadata.userinfo_endpoint }];
      const index = requests.findIndex((request) => request.url.replace('{access_token}', 'at%2F1') === url);
      return index < 0 ? new Response('', { status: 404 }) : json(sources.userInfo[index]);
    },
  };
  const tokenAnswer = (): object => ({
    access_token: 'at/1',
    token_type: 'bearer',
    expires_in: 3600,
    ...sources.token,
  });
  const idToken = (): Promise<string> => {
    const { iat: _iat, exp: _exp, at_hash: _hash, auth_time: _time, ...claims } = sources.claims;
    return new SignJWT({ ...claims, aud: 'client-1', nonce: server.nonce })
      .setProtectedHeader({ alg: 'RS256', kid: 'key-1' })
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey);
  };
  return server;
}
