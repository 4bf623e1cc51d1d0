/**
 * Response fields that a page of another origin may read only when `Access-Control-Expose-Headers` names them:
 * challenges, DPoP nonces (RFC 9449 section 8) and rate limits. Give them to your CORS middleware, which must run
 * before the guards, so that refusals carry its fields too.
 */
export const corsExposedHeaders: readonly string[] = /* @__PURE__ */ Object.freeze([
  'WWW-Authenticate',
  'DPoP-Nonce',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
]);
