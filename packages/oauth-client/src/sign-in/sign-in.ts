import type { Exchange } from '@portcullis/core';
import { createOriginCheck } from '@portcullis/core/csrf';
import { type AuthorizationOptions, createAuthorizationRequest } from './authorization-request.js';
import { checkRepeated } from './authorization-response.js';
import type { Connection } from '../connection/connection.js';
import { invalidOption, OAuthError, type OAuthErrorCode } from '../errors.js';
import type { Identities } from '../identities.js';
import type { OAuthSettings } from '../oauth-client-options.js';
import { type Authorization, redeemAuthorization } from './redeem-authorization.js';
import type { Transactions } from './transactions.js';

/** What `begin` takes. */
export interface BeginOptions extends AuthorizationOptions {
  /** Where the user goes afterwards: a path of this application, or anything from outside, of which only such a path is used. */
  readonly returnTo?: unknown;
  /** Links the identity to this user, who is signed in now and has to be so at the end. */
  readonly link?: { readonly user: string };
}

/** Where to send the user now. */
export interface Begun {
  readonly redirectTo: string;
  /** From when on the provider no longer knows the address, absolute milliseconds. */
  readonly expiresAt?: number | undefined;
}

/** What `complete` takes. */
export interface CompleteOptions {
  /** Of the callback's query, or of the form that was posted to it. */
  readonly parameters: URLSearchParams;
  /** Who is signed in here now. A sign-in that links needs it. */
  readonly signedInAs?: string | undefined;
  readonly signal?: AbortSignal;
}

/** Who signed in at the provider, and what the application knows of them. */
export interface SignInResult extends Authorization {
  /** What the application calls the provider. */
  readonly provider: string;
  /** Whose this identity is here; `undefined` for one that nobody has yet. */
  readonly user: string | undefined;
  /** Who asked for the identity to be linked, and is still signed in. */
  readonly link?: { readonly user: string } | undefined;
  /** A path of this application. */
  readonly returnTo: string;
  /** When it was begun, absolute milliseconds: whoever ended all of the user's sessions since then meant this one too. */
  readonly startedAt: number;
}

/** What the two halves of a sign-in need. */
export interface SignInParts {
  readonly settings: OAuthSettings;
  readonly transactions: Transactions;
  readonly identities: Identities;
}

/** @throws {OAuthError} `sign_in_unknown` for a provider that is not configured */
export function connectionOf({ connections }: Pick<OAuthSettings, 'connections'>, name: string): Connection {
  const found = connections.get(name);
  if (found === undefined) throw new OAuthError('sign_in_unknown', 'No provider is called that.');
  return found;
}

/** Refuses a link that another site had the browser begin: it would be the attacker's identity that the victim gets. */
function proveOwnPage(origin: string, { request }: Exchange): void {
  const verdict = createOriginCheck({ origins: [origin] }).check({
    // Whatever the method: a link that begins with a GET changes something too.
    method: 'POST',
    header: (name) => request.header(name),
  });
  if (!verdict.allowed) throw new OAuthError('sign_in_cross_site');
}

/** Begins a sign-in in this browser. */
export async function beginSignIn(
  { settings, transactions }: SignInParts,
  exchange: Exchange,
  { name, options }: { readonly name: string; readonly options: BeginOptions },
): Promise<Begun> {
  const connection = connectionOf(settings, name);
  const { link, returnTo, ...asked } = options;
  const redirectUri = settings.callbackUrl(name);
  if (link !== undefined) {
    if (typeof link.user !== 'string' || link.user === '') throw invalidOption('link.user', 'name who is signed in');
    proveOwnPage(new URL(redirectUri).origin, exchange);
  }
  const { random } = settings;
  const { url, expiresAt, transaction } = await createAuthorizationRequest(connection, {
    ...asked,
    redirectUri,
    random,
  });
  await transactions.begin(exchange, {
    ...transaction,
    provider: name,
    returnTo: settings.returnTo(returnTo),
    startedAt: settings.clock(),
    linkUser: link?.user,
  });
  settings.events.emit('oauth.sign_in_begun', { provider: name, ip: exchange.request.ip });
  return { redirectTo: url, expiresAt };
}

async function complete(
  { settings, transactions, identities }: SignInParts,
  exchange: Exchange,
  { name, options }: { readonly name: string; readonly options: CompleteOptions },
): Promise<SignInResult> {
  const connection = connectionOf(settings, name);
  const { parameters, signedInAs, signal } = options;
  checkRepeated(parameters);
  const transaction = await transactions.take(exchange, parameters.get('state'));
  // The answer of one provider at another's callback is a mix-up, or an attempt at one.
  if (transaction.provider !== name) throw new OAuthError('sign_in_unknown');
  const { linkUser, returnTo, startedAt } = transaction;
  if (linkUser !== undefined && linkUser !== signedInAs) {
    throw new OAuthError('sign_in_cross_site', 'Whoever began to link this identity is no longer signed in.');
  }
  const authorization = await redeemAuthorization(connection, transaction, {
    parameters,
    ...(signal === undefined ? {} : { signal }),
  });
  const { profile } = authorization;
  const identity = await identities.find(profile);
  if (linkUser !== undefined && identity !== undefined && identity.user !== linkUser) {
    throw new OAuthError('identity_taken');
  }
  const link = linkUser === undefined ? undefined : { user: linkUser };
  return { ...authorization, provider: name, user: identity?.user, link, returnTo, startedAt };
}

/** Ends a sign-in in the browser it was begun in. */
export async function completeSignIn(
  parts: SignInParts,
  exchange: Exchange,
  call: { readonly name: string; readonly options: CompleteOptions },
): Promise<SignInResult> {
  const { events } = parts.settings;
  const { ip } = exchange.request;
  const { name: provider } = call;
  try {
    const result = await complete(parts, exchange, call);
    const { issuer, subject } = result.profile;
    events.emit('oauth.signed_in', { provider, issuer, subject, ip });
    return result;
  } catch (error) {
    const known = error instanceof OAuthError ? error : undefined;
    const code: OAuthErrorCode | 'error' = known?.code ?? 'error';
    events.emit('oauth.sign_in_failed', { provider, code, providerError: known?.providerError, ip });
    throw error;
  }
}
