import type { Exchange, MaybePromise } from '@portcullis/core';
import type { Endpoint, EndpointAnswer } from '@portcullis/core/endpoint';
import { checkRepeated } from './authorization-response.js';
import { providerOf, queryOf, redirect } from '../endpoint-answers.js';
import { OAuthError } from '../errors.js';
import type { OAuthSettings } from '../oauth-client-options.js';
import type { ProviderSessions, StartedSession } from '../logout/provider-sessions.js';
import { type CompleteOptions, connectionOf, type SignInResult } from './sign-in.js';
import type { Transactions } from './transactions.js';

/** What the application made of a sign-in. */
export interface SignedInOutcome {
  /** The session that it began: a logout at the provider then ends it. */
  readonly session?: StartedSession | undefined;
  /** Instead of `returnTo`: a path of this application. */
  readonly redirectTo?: string | undefined;
}

/** What `callbackHandler` takes. */
export interface CallbackHandlerOptions {
  /** Decides: sign-up, sign-in or link. Called once for each sign-in that is good. */
  readonly signedIn: (result: SignInResult, exchange: Exchange) => MaybePromise<SignedInOutcome | undefined | void>;
  /** Who is signed in here now, for sign-ins that link. Default: nobody. */
  readonly signedInAs?: (exchange: Exchange) => MaybePromise<string | undefined>;
  /** What a sign-in that failed answers. Default: the error goes the framework's way. */
  readonly failed?: (error: OAuthError, exchange: Exchange) => MaybePromise<EndpointAnswer>;
  /** For a route without `:provider` in its path. */
  readonly provider?: string;
}

/** What the handler works with. */
export interface CallbackParts {
  readonly settings: OAuthSettings;
  readonly transactions: Transactions;
  readonly sessions: ProviderSessions;
  readonly complete: (exchange: Exchange, provider: string, options: CompleteOptions) => Promise<SignInResult>;
}

/**
 * `GET` and `POST`: where the provider sends the user back to.
 *
 * What a provider posts (`form_post`) comes from its site, so that no cookie of ours is with it: neither the sign-in's nor the session's. It is put aside,
 * sealed, and the browser sent on to a GET of ours, where everything is as for any other provider. The code stays out of the address that way, too.
 */
export function createCallbackHandler(parts: CallbackParts, options: CallbackHandlerOptions): Endpoint {
  const { settings, transactions, sessions, complete } = parts;

  async function finish(input: Parameters<Endpoint>[0]): Promise<EndpointAnswer> {
    const provider = providerOf(input, options.provider);
    if (input.request.method === 'POST') {
      if (connectionOf(settings, provider).provider.responseMode !== 'form_post') {
        throw new OAuthError('sign_in_unknown', 'This provider does not post.');
      }
      const posted = await input.form();
      if (posted === undefined) throw new OAuthError('sign_in_unknown', 'The callback takes a form.');
      checkRepeated(posted);
      const state = posted.get('state') ?? '';
      await transactions.park(input, state, posted);
      return redirect(`${settings.callbackUrl(provider)}?${new URLSearchParams({ state })}`);
    }
    const query = queryOf(input);
    checkRepeated(query);
    const parameters = (await transactions.unpark(input, query.get('state') ?? '')) ?? query;
    const signedInAs = await options.signedInAs?.(input);
    const result = await complete(input, provider, { parameters, signedInAs });
    const { session, redirectTo } = (await options.signedIn(result, input)) ?? {};
    if (session !== undefined) await sessions.remember(result, session);
    return redirect(redirectTo === undefined ? result.returnTo : settings.returnTo(redirectTo));
  }

  return async (input) => {
    try {
      return await finish(input);
    } catch (error) {
      if (options.failed === undefined || !(error instanceof OAuthError)) throw error;
      return options.failed(error, input);
    }
  };
}
