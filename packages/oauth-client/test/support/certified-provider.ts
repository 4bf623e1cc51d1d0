import { randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import OidcProvider from 'oidc-provider';

/** A request to the token endpoint, as the provider read it. */
export interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly status: number;
}

/** oidc-provider, a certified authorization server, on loopback. */
export interface CertifiedProvider {
  readonly issuer: string;
  readonly seen: SeenRequest[];
  /** Signs the assertions of the client `signing`. */
  readonly signingKey: CryptoKey;
  /** What the user `alice` does at the verification page. */
  approve(userCode: string): Promise<void>;
  decline(userCode: string): Promise<void>;
  close(): Promise<void>;
}

/** The client `basic`'s: with characters that must be form-encoded before they go into the Authorization header. */
export const hardSecret = `a:b%c+d/e f&g=h~"!*()`;

export async function startCertifiedProvider({ dpopNonce = false } = {}): Promise<CertifiedProvider> {
  const seen: SeenRequest[] = [];
  let listener: Parameters<typeof createServer>[1];
  const server = createServer((request, response) => listener?.(request as never, response as never));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const signer = await generateKeyPair('RS256', { extractable: true });
  const machine = { redirect_uris: [], response_types: [], grant_types: ['client_credentials'] };
  const device = 'urn:ietf:params:oauth:grant-type:device_code';

  const provider = new OidcProvider(issuer, {
    clients: [
      { ...machine, client_id: 'basic', client_secret: hardSecret, token_endpoint_auth_method: 'client_secret_basic' },
      { ...machine, client_id: 'post', client_secret: hardSecret, token_endpoint_auth_method: 'client_secret_post' },
      {
        ...machine,
        client_id: 'signing',
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'signing-1', alg: 'ES256' }] },
      },
      {
        ...machine,
        client_id: 'tv',
        grant_types: [device, 'refresh_token'],
        token_endpoint_auth_method: 'none',
        application_type: 'native',
      },
      {
        ...machine,
        client_id: 'web',
        client_secret: 'web secret',
        grant_types: [device, 'refresh_token'],
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(signer.privateKey)), kid: 'server-1', alg: 'RS256', use: 'sig' }] },
    cookies: { keys: ['not a secret'] },
    scopes: ['openid', 'offline_access', 'read', 'write'],
    findAccount: (_context: unknown, sub: string) => ({ accountId: sub, claims: () => ({ sub }) }),
    rotateRefreshToken: true,
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    ttl: {
      AccessToken: 600,
      ClientCredentials: 600,
      DeviceCode: 600,
      RefreshToken: 86_400,
      IdToken: 600,
      Grant: 86_400,
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      revocation: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      dPoP: dpopNonce ? { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true } : { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          audience: resource,
          scope: 'read write',
          accessTokenFormat: 'opaque',
        }),
      },
    },
  });
  provider.use(async (context, next) => {
    await next();
    const { path, status, headers, oidc } = context as {
      readonly path: string;
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly oidc?: { readonly params?: object };
    };
    if (path === '/token') seen.push({ path, status, headers, parameters: { ...oidc?.params } });
  });
  listener = provider.callback() as typeof listener;

  async function decide(userCode: string, fields: object): Promise<void> {
    const code = await provider.DeviceCode.findByUserCode(userCode.replaceAll('-', ''));
    if (code === undefined) throw new Error('There is no such user code.');
    await Object.assign(code, fields).save();
  }

  return {
    issuer,
    seen,
    signingKey: privateKey as CryptoKey,
    async approve(userCode) {
      const code = await provider.DeviceCode.findByUserCode(userCode.replaceAll('-', ''));
      const { clientId, scope } = (code?.['params'] ?? {}) as { clientId?: string; scope?: string };
      const grant = new provider.Grant({ accountId: 'alice', clientId: code?.['clientId'] ?? clientId });
      grant.addOIDCScope(scope ?? '');
      const grantId = await grant.save();
      const seconds = Math.floor(Date.now() / 1000);
      await decide(userCode, { accountId: 'alice', grantId, scope, authTime: seconds, claims: {}, amr: [] });
    },
    decline: (userCode) => decide(userCode, { error: 'access_denied' }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
