import type { MaybePromise } from '@portcullis/core';
import type { Endpoint } from '@portcullis/core/endpoint';
import { providerOf } from '../endpoint-answers.js';
import { OAuthError } from '../errors.js';
import type { OAuthSettings } from '../oauth-client-options.js';
import type { ProviderSessionStore } from './provider-sessions.js';
import { connectionOf } from '../sign-in/sign-in.js';
import { verifyLogoutToken } from './verify-logout-token.js';

/** A session of the application's that the provider wants ended. */
export interface EndedSession {
  readonly session: string;
  readonly user: string;
}

/** Ends one. It may be called again for one that is over. */
export type EndSession = (ended: EndedSession) => MaybePromise<unknown>;

/** What `backchannelLogoutHandler` takes. */
export interface BackchannelLogoutHandlerOptions {
  readonly end: EndSession;
  /** For a route without `:provider` in its path. */
  readonly provider?: string;
}

/** What the receiver works with. */
export interface BackchannelParts {
  readonly settings: OAuthSettings;
  readonly sessions: ProviderSessionStore;
}

/**
 * Ends the sessions that a provider's logout token names: those of its `sid`, or all of its `sub`. The token counts as used once they are ended, so that a
 * provider may send one again whose sessions could not be.
 * @returns how many ended
 * @throws {OAuthError} `provider_misbehaved` for a token that is no good or was used
 * @see OpenID Connect Back-Channel Logout sections 2.6 and 2.7
 */
export async function endProviderSessions(
  { settings, sessions }: BackchannelParts,
  name: string,
  { token, end }: { readonly token: string; readonly end: EndSession },
): Promise<number> {
  const connection = connectionOf(settings, name);
  const { issuer, sid, subject, jti } = await connection.ask((server) => verifyLogoutToken(connection, token, server));
  const used = (): OAuthError => new OAuthError('provider_misbehaved', 'The logout token was used before.');
  if (await sessions.isUsed(issuer, jti)) throw used();
  // Before the look: a sign-in under way remembers its session and then looks for this.
  await sessions.fence({ issuer, sid, subject });
  const found = await sessions.matching({ issuer, sid, subject });
  for (const record of found) {
    await end({ session: record.session, user: record.user });
    await sessions.delete(record);
    settings.events.emit('oauth.provider_ended_session', { session: record.session, issuer });
  }
  // Of two at once both have ended the same sessions, and one was the replay.
  if (!(await sessions.use(issuer, jti))) throw used();
  return found.length;
}

/** `POST`: where a provider tells of its users' logouts, server to server. Answers 200 or 400, and nothing may keep the answer. */
export function createBackchannelLogoutHandler(
  parts: BackchannelParts,
  { end, provider }: BackchannelLogoutHandlerOptions,
): Endpoint {
  const headers = [['cache-control', 'no-store']] as const;
  return async (input) => {
    const name = providerOf(input, provider);
    const tokens = (await input.form())?.getAll('logout_token') ?? [];
    const [token] = tokens;
    try {
      if (input.request.method !== 'POST' || token === undefined || tokens.length > 1) {
        throw new OAuthError('provider_misbehaved', 'There is no one logout_token in the request.');
      }
      await endProviderSessions(parts, name, { token, end });
      return { status: 200, headers };
    } catch (error) {
      parts.settings.events.emit('oauth.logout_token_refused', { provider: name });
      // An outage too is a 400 here: the specification knows no other answer for a logout that failed, and the provider may try again.
      const known = error instanceof OAuthError && error.code === 'provider_misbehaved';
      const body = { error: known ? 'invalid_request' : 'temporarily_unavailable' };
      return { status: 400, headers: [...headers, ['content-type', 'application/json']], body: JSON.stringify(body) };
    }
  };
}
