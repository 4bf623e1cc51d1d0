import { createAuthorizationRequest, createConnection, redeemAuthorization } from '@portcullis/oauth-client';
import { certifiedProvider, userAgent } from '@portcullis-internal/testkit/oidc';
import { describe, expect, it } from 'vitest';
import { acme } from './acme-provider.js';

const redirectUri = 'https://app.example.org/auth/acme/callback';

describe('a provider of ten lines', () => {
  it('signs people in', async () => {
    const client = { client_id: 'app', client_secret: 'secret', redirect_uris: [redirectUri] };
    const op = await certifiedProvider(() => [{ ...client, grant_types: ['authorization_code'] }]);
    try {
      const provider = { ...acme, issuer: op.issuer };
      const connection = createConnection(
        'acme',
        { provider, clientId: 'app', credential: { secret: 'secret' } },
        { dangerouslyAllowPrivateNetwork: true },
      );
      const { url, transaction } = await createAuthorizationRequest(connection, { redirectUri });
      const end = await userAgent().follow(url, (at) => at.startsWith(redirectUri));
      const { profile } = await redeemAuthorization(connection, transaction, {
        parameters: new URL(end.url).searchParams,
      });
      expect(profile).toEqual({
        issuer: op.issuer,
        subject: 'ada',
        name: 'Ada',
        email: 'ada@example.org',
        emailVerified: true,
      });
    } finally {
      await op.close();
    }
  });
});
