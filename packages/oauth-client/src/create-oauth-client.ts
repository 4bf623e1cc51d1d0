import type { Events, Exchange } from '@portcullis/core';
import type { Endpoint } from '@portcullis/core/endpoint';
import {
  type BackchannelLogoutHandlerOptions,
  createBackchannelLogoutHandler,
  endProviderSessions,
  type EndSession,
} from './logout/backchannel-logout.js';
import { type CallbackHandlerOptions, createCallbackHandler } from './sign-in/callback-handler.js';
import type { Connection } from './connection/connection.js';
import { type EndSessionOptions, endSessionUrl } from './logout/end-session-url.js';
import { createIdentities, type Identities } from './identities.js';
import { createLoginHandler, type LoginHandlerOptions } from './sign-in/login-handler.js';
import { createLogoutHandler, type LogoutHandlerOptions } from './logout/logout-handler.js';
import { type OAuthClientOptions, parseOAuthOptions } from './oauth-client-options.js';
import type { OAuthEvents } from './oauth-events.js';
import { createProviderSessions, type ProviderSessions } from './logout/provider-sessions.js';
import {
  beginSignIn,
  type BeginOptions,
  type Begun,
  type CompleteOptions,
  completeSignIn,
  connectionOf,
  type SignInResult,
} from './sign-in/sign-in.js';
import { beginStepUp, type StepUpOptions } from './sign-in/step-up.js';
import { createTransactions } from './sign-in/transactions.js';
import { createTokenVault } from './vault/create-token-vault.js';
import type { TokenVault } from './vault/token-vault.js';

/** Sign-in with other people's accounts. */
export interface OAuthClient<N extends string> {
  /** Begins a sign-in: send the browser to `redirectTo`, by 302 or 303. @throws {OAuthError} */
  begin(exchange: Exchange, provider: N, options?: BeginOptions): Promise<Begun>;
  /** Ends one at the callback. Each can be ended once, in the browser that began it, within ten minutes. @throws {OAuthError} */
  complete(exchange: Exchange, provider: N, options: CompleteOptions): Promise<SignInResult>;
  /** Begins a sign-in for the scopes that an API refused for want of, beside those granted. @throws {OAuthError} `sign_in_denied` */
  stepUp(exchange: Exchange, provider: N, options: StepUpOptions): Promise<Begun>;
  readonly identities: Identities;
  /** Which sessions here came from which at a provider. The callback handler fills it. */
  readonly sessions: ProviderSessions;
  /** Where to send a user to sign out at the provider too; `undefined` where there is no such place. @throws {OAuthError} */
  logoutUrl(provider: N, options?: EndSessionOptions): Promise<string | undefined>;
  /** Ends the sessions that a logout token names. The number ended. @throws {OAuthError} */
  backchannelLogout(provider: N, logout: { readonly token: string; readonly end: EndSession }): Promise<number>;
  /** `GET` or `POST`, at a path with `:provider`. */
  loginHandler(options?: LoginHandlerOptions): Endpoint;
  /** `GET`, and `POST` for providers that post, at `callbackPath`. */
  callbackHandler(options: CallbackHandlerOptions): Endpoint;
  /** `POST` and `GET`, at `logoutPath`. */
  logoutHandler(options: LogoutHandlerOptions): Endpoint;
  /** `POST`, at a path with `:provider` that providers know. */
  backchannelLogoutHandler(options: BackchannelLogoutHandlerOptions): Endpoint;
  /** What users granted: their tokens at providers, kept and renewed. A sign-in stores nothing by itself. */
  readonly vault: TokenVault;
  /** One provider's connection, for machine-to-machine tokens. */
  connection(provider: N): Connection;
  readonly on: Events<OAuthEvents>['on'];
}

/**
 * Creates the client of other people's sign-in. Nothing is fetched before it is needed.
 * @throws {OAuthError} `invalid_option`, naming the option and the mend
 */
export function createOAuthClient<const N extends string>(options: OAuthClientOptions<N>): OAuthClient<N> {
  const settings = parseOAuthOptions(options);
  const { storage, sealer, clock, random, events, statelessTransactions } = settings;
  const transactions = createTransactions({
    storage: statelessTransactions ? undefined : storage,
    sealer,
    clock,
    random,
  });
  const identities = createIdentities({ storage, clock, events });
  const sessions = createProviderSessions({ storage, sealer, clock });
  const vault = createTokenVault({
    storage,
    encryptionKeys: options.encryptionKeys,
    connections: settings.connections.values(),
    clock,
    random,
    events,
  });
  const parts = { settings, transactions, identities, sessions };
  const begin = (exchange: Exchange, name: string, asked: BeginOptions = {}): Promise<Begun> =>
    beginSignIn(parts, exchange, { name, options: asked });
  const complete = (exchange: Exchange, name: string, given: CompleteOptions): Promise<SignInResult> =>
    completeSignIn(parts, exchange, { name, options: given });

  return Object.freeze({
    begin,
    complete,
    stepUp: (exchange, name, given) => beginStepUp({ settings, begin }, exchange, { name, options: given }),
    identities,
    sessions: { remember: sessions.remember, forget: sessions.forget },
    logoutUrl: (provider, asked) => endSessionUrl(connectionOf(settings, provider), asked),
    backchannelLogout: (provider, logout) => endProviderSessions(parts, provider, logout),
    loginHandler: (given) => createLoginHandler(begin, given),
    callbackHandler: (given) => createCallbackHandler({ ...parts, complete }, given),
    logoutHandler: (given) => createLogoutHandler(parts, given),
    backchannelLogoutHandler: (given) => createBackchannelLogoutHandler(parts, given),
    vault,
    connection: (provider) => connectionOf(settings, provider),
    on: events.on,
  } satisfies OAuthClient<N>);
}
