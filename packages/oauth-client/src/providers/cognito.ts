import type { Provider } from '../provider.js';
import { addressPart } from './host-name.js';
import { openidProfile } from './openid-profile.js';

const pools = {
  form: /^[a-z]{2}(?:-[a-z]{2,12}){1,2}-\d_[A-Za-z\d]{1,55}$/,
  mend: 'give its id with the region in front, such as eu-west-1_AbCdEfGhI',
};

/** What `cognito` takes. */
export interface CognitoOptions {
  /** `eu-west-1_AbCdEfGhI`: the region is a part of it. */
  readonly userPoolId: string;
}

/**
 * Amazon Cognito. The statement that an address was checked is taken from the ID token; the userinfo endpoint has it as a text.
 * @throws {OAuthError} `invalid_option`
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints.html
 */
export function cognito({ userPoolId }: CognitoOptions): Provider {
  const pool = addressPart('userPoolId', userPoolId, pools);
  const [region = ''] = pool.split('_');
  return {
    id: 'cognito',
    label: 'Cognito',
    issuer: `https://cognito-idp.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}/${pool}`,
    discovery: 'oidc',
    openid: true,
    scopes: ['openid', 'profile', 'email'],
    userInfo: [],
    profile: (sources) => ({
      ...openidProfile(sources),
      username: typeof sources.claims['cognito:username'] === 'string' ? sources.claims['cognito:username'] : undefined,
    }),
  };
}
