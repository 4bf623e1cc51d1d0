import type { Provider } from '@portcullis/oauth-client';
import { openidProfile } from '@portcullis/oauth-client/providers';

export const acme: Provider = {
  id: 'acme',
  label: 'Acme',
  issuer: 'https://login.acme.example',
  discovery: 'oidc',
  openid: true,
  scopes: ['openid', 'profile', 'email'],
  profile: openidProfile,
};
