import { type Exchange, parseChallenges, sha256 } from '@portcullis/core';
import { OAuthError } from '../errors.js';
import type { OAuthSettings } from '../oauth-client-options.js';
import { type BeginOptions, type Begun, connectionOf } from './sign-in.js';

/** What `stepUp` takes. */
export interface StepUpOptions extends Omit<BeginOptions, 'scopes'> {
  /** Whose access it is: attempts are counted for each user. */
  readonly user: string;
  /** The `WWW-Authenticate` field of the answer that refused. */
  readonly challenge: string;
  /** What the token that was refused had been granted. */
  readonly granted: readonly string[];
}

const attempts = { algorithm: 'fixed-window', limit: 3, windowMs: 600_000 } as const;

/** The scopes that an API's refusal names; empty when it names none. @see RFC 6750 section 3.1 */
function challengedScopes(challenge: string): readonly string[] {
  const found = parseChallenges(challenge)?.find(({ params }) => params['error'] === 'insufficient_scope');
  return (found?.params['scope'] ?? '').split(' ').filter((scope) => scope !== '');
}

/**
 * Begins a sign-in for more: what was granted, and what the API wants besides. Refused is a step that asks for nothing new, and the fourth in ten
 * minutes: an API that is never content would send the user round and round.
 * @throws {OAuthError} `sign_in_denied`
 */
export async function beginStepUp(
  {
    settings,
    begin,
  }: {
    readonly settings: OAuthSettings;
    begin(exchange: Exchange, name: string, options: BeginOptions): Promise<Begun>;
  },
  exchange: Exchange,
  { name, options }: { readonly name: string; readonly options: StepUpOptions },
): Promise<Begun> {
  connectionOf(settings, name);
  const { user, challenge, granted, ...others } = options;
  const wanted = challengedScopes(challenge);
  if (wanted.every((scope) => granted.includes(scope))) {
    throw new OAuthError(
      'sign_in_denied',
      'The API asks for no scope that has not been granted: asking again changes nothing.',
    );
  }
  const { allowed } = await settings.storage.counters.consume(`oauth-step-up:${sha256(`${name}!${user}`)}`, attempts);
  if (!allowed) throw new OAuthError('sign_in_denied', 'The API has asked for more scopes too often. Try again later.');
  return begin(exchange, name, { ...others, scopes: [...new Set([...granted, ...wanted])] });
}
