/**
 * Well-known providers, as data. Each is what is special about one, with its own documentation named.
 * `openidProfile` maps those that keep to OpenID Connect, for a provider of your own.
 * @packageDocumentation
 */
export { apple } from './apple.js';
export { type AppleClientSecretOptions, appleClientSecret } from './apple-client-secret.js';
export { atlassian } from './atlassian.js';
export { type Auth0Options, auth0 } from './auth0.js';
export { battlenet } from './battlenet.js';
export { bitbucket } from './bitbucket.js';
export { box } from './box.js';
export { type CognitoOptions, cognito } from './cognito.js';
export { discord } from './discord.js';
export { dropbox } from './dropbox.js';
export { type EntraOptions, entra } from './entra.js';
export { facebook } from './facebook.js';
export { figma } from './figma.js';
export { github } from './github.js';
export { type GitlabSelfManagedOptions, gitlab, gitlabSelfManaged } from './gitlab.js';
export { google } from './google.js';
export { hubspot } from './hubspot.js';
export { kakao } from './kakao.js';
export { type KeycloakOptions, keycloak } from './keycloak.js';
export { line } from './line.js';
export { linear } from './linear.js';
export { linkedin } from './linkedin.js';
export { naver } from './naver.js';
export { notion } from './notion.js';
export { type OktaOptions, okta } from './okta.js';
export { openidProfile } from './openid-profile.js';
export { patreon } from './patreon.js';
export { paypal, paypalSandbox } from './paypal.js';
export { reddit } from './reddit.js';
export { type SalesforceOptions, salesforce } from './salesforce.js';
export { type ShopifyOptions, shopify } from './shopify.js';
export { slack } from './slack.js';
export { spotify } from './spotify.js';
export { strava } from './strava.js';
export { tiktok } from './tiktok.js';
export { twitch } from './twitch.js';
export { vk } from './vk.js';
export { workos } from './workos.js';
export { x } from './x.js';
export { yandex } from './yandex.js';
export { type ZitadelOptions, zitadel } from './zitadel.js';
export { zoom } from './zoom.js';
