import type { Provider } from '../provider.js';
import { openidProfile } from './openid-profile.js';
import { idOf } from './read-json.js';

/**
 * Slack. A user's id is unique in its workspace only, so the subject is workspace and user together.
 * @see https://docs.slack.dev/authentication/sign-in-with-slack/
 * @see https://docs.slack.dev/reference/methods/users.identity
 */
export const slack: Provider = {
  id: 'slack',
  label: 'Slack',
  issuer: 'https://slack.com',
  discovery: 'oidc',
  openid: true,
  scopes: ['openid', 'profile', 'email'],
  userInfo: [],
  profile(sources) {
    const profile = openidProfile(sources);
    const team = idOf(sources.claims['https://slack.com/team_id']);
    const known = team !== '' && profile.subject !== '';
    return { ...profile, subject: known ? `${team}:${profile.subject}` : '' };
  },
};
