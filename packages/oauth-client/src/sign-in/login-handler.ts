import type { Exchange, MaybePromise } from '@portcullis/core';
import type { Endpoint, EndpointInput } from '@portcullis/core/endpoint';
import { providerOf, queryOf, redirect } from '../endpoint-answers.js';
import { OAuthError } from '../errors.js';
import type { BeginOptions, Begun } from './sign-in.js';

/** What `loginHandler` takes. */
export interface LoginHandlerOptions {
  /** For a route without `:provider` in its path. */
  readonly provider?: string;
  /** What each sign-in asks of the provider. `returnTo` is the request's own parameter. */
  readonly options?: (input: EndpointInput) => MaybePromise<Omit<BeginOptions, 'returnTo' | 'link'>>;
  /** Makes this the route that links an identity to the signed-in user: who that is. */
  readonly link?: (exchange: Exchange) => MaybePromise<string | undefined>;
}

type Begin = (exchange: Exchange, provider: string, options: BeginOptions) => Promise<Begun>;

/** `GET` or `POST`: begins a sign-in and sends the browser to the provider. */
export function createLoginHandler(begin: Begin, options: LoginHandlerOptions = {}): Endpoint {
  return async (input) => {
    const provider = providerOf(input, options.provider);
    const asked = (await options.options?.(input)) ?? {};
    const returnTo = queryOf(input).get('returnTo') ?? (await input.form())?.get('returnTo');
    const user = await options.link?.(input);
    if (options.link !== undefined && user === undefined) {
      throw new OAuthError('sign_in_denied', 'Only who is signed in can link an identity.');
    }
    const { redirectTo } = await begin(input, provider, {
      ...asked,
      returnTo,
      ...(user === undefined ? {} : { link: { user } }),
    });
    return redirect(redirectTo);
  };
}
