// Answers for Google's discovery document, so that a sign-in can be followed to Google's door with no network.
const url = 'https://accounts.google.com/.well-known/openid-configuration';
const document = {
  issuer: 'https://accounts.google.com',
  authorization_endpoint: 'https://accounts.google.com/o/oauth2/v2/auth',
  token_endpoint: 'https://oauth2.googleapis.com/token',
  userinfo_endpoint: 'https://openidconnect.googleapis.com/v1/userinfo',
  jwks_uri: 'https://www.googleapis.com/oauth2/v3/certs',
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
  code_challenge_methods_supported: ['plain', 'S256'],
};
const { fetch } = globalThis;
globalThis.fetch = async (input, init) => {
  const asked = input instanceof Request ? input.url : String(input);
  if (asked === url) return Response.json(document);
  // Anything else of Google's or GitHub's would be a live provider.
  if (/google|github/.test(new URL(asked).hostname)) throw new Error(`${asked} is not to be asked here`);
  return fetch(input, init);
};
