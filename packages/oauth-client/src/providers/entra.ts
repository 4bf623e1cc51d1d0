import type { Provider, ProviderJson } from '../provider.js';
import { invalidOption } from '../errors.js';
import { openidProfile } from './openid-profile.js';

const host = 'https://login.microsoftonline.com';
const guid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;
// https://learn.microsoft.com/en-us/entra/identity-platform/id-token-claims-reference (tid)
const personalAccounts = '9188040d-6c67-4c5b-b112-36a304b66dad';
const shared = ['common', 'organizations', 'consumers'];

/** What `entra` takes. */
export interface EntraOptions {
  /** The tenant's id (a GUID), or who may sign in: `common`, `organizations`, `consumers`. */
  readonly tenant: string;
}

function issuerOfTenant(tenant: string, { tid }: ProviderJson): string {
  const allowed =
    typeof tid === 'string' && guid.test(tid) && !(tenant === 'organizations' && tid === personalAccounts);
  return allowed ? `${host}/${tid}/v2.0` : `${host}/${tenant}/v2.0`;
}

/**
 * Microsoft Entra ID, personal Microsoft accounts included. The issuer of an identity is the user's tenant. An address was checked only
 * where the optional claim `xms_edov` says so: any tenant's administrator can write any address.
 * @throws {OAuthError} `invalid_option`
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/migrate-off-email-claim-authorization
 */
export function entra({ tenant }: EntraOptions): Provider {
  if (typeof tenant !== 'string' || !(shared.includes(tenant) || guid.test(tenant))) {
    throw invalidOption('tenant', `give the tenant's id, a GUID in lower case, or one of ${shared.join(', ')}`);
  }
  const provider = {
    id: 'entra',
    label: 'Microsoft',
    issuer: `${host}/${tenant}/v2.0`,
    openid: true,
    scopes: ['openid', 'profile', 'email'],
    // Microsoft Graph's has no more than the ID token.
    userInfo: [],
    profile: (sources) => ({ ...openidProfile(sources), emailVerified: sources.claims['xms_edov'] === true }),
  } satisfies Partial<Provider>;
  if (guid.test(tenant)) return { ...provider, discovery: 'oidc' };
  return {
    ...provider,
    // Their metadata names `{tenantid}`, in braces, as the issuer, which is nobody's.
    discovery: 'none',
    endpoints: {
      authorization: `${host}/${tenant}/oauth2/v2.0/authorize`,
      token: `${host}/${tenant}/oauth2/v2.0/token`,
      deviceAuthorization: `${host}/${tenant}/oauth2/v2.0/devicecode`,
      endSession: `${host}/${tenant}/oauth2/v2.0/logout`,
      jwks: `${host}/${tenant}/discovery/v2.0/keys`,
    },
    clientAuthentication: 'client_secret_post',
    idTokenAlgorithms: ['RS256'],
    expectedIssuer: (claims) => issuerOfTenant(tenant, claims),
  };
}
