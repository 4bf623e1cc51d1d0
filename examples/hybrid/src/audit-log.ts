import type { Auth } from './auth.js';

/**
 * Writes what an auditor asks for to standard error, one JSON object a line. No event holds a secret, and control
 * characters are escaped. Sign-ins that succeed are events too (`authentication.succeeded`): one for each request.
 */
export function logSecurityEvents({ events }: Auth): void {
  const types = [
    'authentication.rejected',
    'authentication.unavailable',
    'authorization.denied',
    'route.closed',
    'api_key.created',
    'api_key.rotated',
    'api_key.revoked',
    'api_key.flush_failed',
    'login.limited',
    'login.proof_required',
    'session.started',
    'session.all_ended',
    'session.csrf_rejected',
    'tokens.reuse_detected',
    'tokens.user_revoked',
    'oauth.signed_in',
    'oauth.sign_in_failed',
    'oauth.identity_linked',
    'oauth.identity_unlinked',
    'oauth.grant_ended',
  ] as const;
  for (const type of types) events.on(type, (event) => console.error(JSON.stringify(event)));
}
