import { randomBytes } from 'node:crypto';
import { certifiedProvider } from '@portcullis-internal/testkit/oidc';
import { exportJWK, generateKeyPair } from 'jose';
import { hardSecret } from './hard-secret.js';
import type { SeenRequest, TokenProvider, TokenProviderOptions } from './providers.js';

export { certifiedProvider };

/** Starts one in this process, which is Node. */
export async function startLocalTokenProvider({ dpopNonce = false }: TokenProviderOptions): Promise<TokenProvider> {
  const seen: SeenRequest[] = [];
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'signing-1', alg: 'ES256' };
  const machine = { redirect_uris: [], response_types: [], grant_types: ['client_credentials'] };
  const device = 'urn:ietf:params:oauth:grant-type:device_code';

  const clients: Parameters<typeof certifiedProvider>[0] = () => [
    { ...machine, client_id: 'basic', client_secret: hardSecret, token_endpoint_auth_method: 'client_secret_basic' },
    { ...machine, client_id: 'post', client_secret: hardSecret, token_endpoint_auth_method: 'client_secret_post' },
    {
      ...machine,
      client_id: 'signing',
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [jwk] },
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
  ];
  const op = await certifiedProvider(clients, {
    scopes: ['openid', 'offline_access', 'read', 'write'],
    rotateRefreshToken: true,
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
  const { provider, issuer, close } = op;
  const heard = (status: number, parameters: object | undefined): void => {
    seen.push({ status, parameters: { ...parameters } });
  };
  provider.on('grant.success', ({ oidc }) => heard(200, oidc.params));
  provider.on('grant.error', ({ oidc }, { statusCode }) => heard(statusCode, oidc.params));

  async function decide(userCode: string, fields: object): Promise<void> {
    const code = await provider.DeviceCode.findByUserCode(userCode.replaceAll('-', ''));
    if (code === undefined) throw new Error('There is no such user code.');
    await Object.assign(code, fields).save();
  }

  return {
    issuer,
    signingKey: privateKey as CryptoKey,
    seen: () => Promise.resolve([...seen]),
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
    close,
  };
}
