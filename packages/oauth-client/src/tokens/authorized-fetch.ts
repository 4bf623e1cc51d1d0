import type { Fetch } from '@portcullis/core';
import * as oauth from 'oauth4webapi';
import type { Connection } from '../connection/connection.js';
import { invalidOption, OAuthError } from '../errors.js';
import type { AccessToken } from './access-token.js';

/** As `fetch`: what client libraries take in its place. */
export type AuthorizedFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** Where a token may go. */
export interface AuthorizedFetchOptions {
  /**
   * The origins of the provider's API, such as `https://api.example.com`: a token goes nowhere else, also not after a redirect.
   * Default: those of the provider's own requests for user info.
   */
  readonly origins?: readonly string[];
  /** What sends the request. Default `globalThis.fetch`. */
  readonly fetch?: Fetch;
}

/** Gives the token of a request; after `refused`, another one, or the same when there is none. */
export type TokenSource = (call: {
  readonly refused?: string;
  readonly signal?: AbortSignal | undefined;
}) => Promise<{ readonly access: AccessToken; readonly dpop?: oauth.DPoPHandle | undefined }>;

const maxRedirects = 5;
const redirects = new Set([301, 302, 303, 307, 308]);

function originList(
  connection: Connection,
  given: readonly string[] | undefined,
  allowHttp: boolean,
): ReadonlySet<string> {
  const origins = given ?? (connection.provider.userInfo ?? []).map(({ url }) => new URL(url).origin);
  if (origins.length === 0) throw invalidOption('origins', "name the origins of the provider's API");
  for (const origin of origins) {
    const isOrigin = URL.canParse(origin) && new URL(origin).origin === origin;
    if (!isOrigin || !(origin.startsWith('https://') || (allowHttp && origin.startsWith('http://')))) {
      throw invalidOption('origins', "give https origins without a path, such as 'https://api.example.com'");
    }
  }
  return new Set(origins);
}

function isReplayable(body: unknown): boolean {
  return (
    body === undefined ||
    body === null ||
    typeof body === 'string' ||
    body instanceof URLSearchParams ||
    body instanceof FormData ||
    body instanceof Blob ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body)
  );
}

/** A request in the parts that can be sent again. */
interface Parts {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: unknown;
  readonly rest: RequestInit;
  readonly signal: AbortSignal | undefined;
}

function readParts(input: string | URL | Request, init: RequestInit): Parts {
  const request = input instanceof Request ? input : undefined;
  const address = input instanceof Request ? input.url : input.toString();
  if (!URL.canParse(address)) throw invalidOption('input', 'give an absolute URL');
  const headers = new Headers(init.headers ?? request?.headers);
  headers.delete('authorization');
  headers.delete('dpop');
  const body: unknown = init.body === undefined ? (request?.body ?? undefined) : init.body;
  return {
    url: new URL(address),
    method: (init.method ?? request?.method ?? 'GET').toUpperCase(),
    headers,
    body,
    rest: init,
    signal: init.signal ?? request?.signal ?? undefined,
  };
}

/**
 * A fetch that sends a token along: to the allowed origins only, following redirects of GET and HEAD among them and handing any other redirect to
 * the caller. On a 401 it gets another token and sends the request once more, when its body can be sent again (a stream cannot). A token that is
 * bound to a key goes with a proof (RFC 9449), with the server's nonce where it wants one.
 * @throws {OAuthError} `invalid_option` for origins that are none; the fetch rejects with `origin_refused` before anything is sent
 * @see RFC 6750 section 2.1; RFC 9449 sections 7 and 9
 */
export function createAuthorizedFetch(
  connection: Connection,
  source: TokenSource,
  options: AuthorizedFetchOptions = {},
): AuthorizedFetch {
  const allowHttp = connection.requestOptions()[oauth.allowInsecureRequests] === true;
  const allowed = originList(connection, options.origins, allowHttp);
  const lacksNonce = new WeakSet<Response>();
  const send: Fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));

  async function once({ url, method, headers, body, rest, signal }: Parts, held: Awaited<ReturnType<TokenSource>>) {
    try {
      return await oauth.protectedResourceRequest(held.access.token.reveal(), method, url, headers, undefined, {
        ...(held.dpop === undefined ? {} : { DPoP: held.dpop }),
        [oauth.allowInsecureRequests]: allowHttp,
        [oauth.customFetch]: (target, { headers: authorized }) =>
          send(target, {
            ...rest,
            method,
            headers: authorized,
            redirect: 'manual',
            ...(signal === undefined ? {} : { signal }),
            ...(body === undefined ? {} : { body: body as BodyInit }),
            ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
          } as RequestInit),
      });
    } catch (error) {
      // A challenge is an answer like any other to whoever called fetch.
      if (!(error instanceof oauth.WWWAuthenticateChallengeError)) throw error;
      if (oauth.isDPoPNonceError(error)) lacksNonce.add(error.response);
      return error.response;
    }
  }

  async function authorized(parts: Parts): Promise<Response> {
    if (!allowed.has(parts.url.origin)) {
      throw new OAuthError(
        'origin_refused',
        `A token was about to go to ${parts.url.origin}, which is not in origins. Nothing was sent.`,
      );
    }
    const { signal } = parts;
    const replayable = isReplayable(parts.body);
    let held = await source({ signal });
    let response = await once(parts, held);
    if (replayable && held.dpop !== undefined && lacksNonce.has(response)) {
      await response.body?.cancel();
      response = await once(parts, held);
    }
    if (response.status !== 401 || !replayable || lacksNonce.has(response)) return response;
    const refused = held.access.token.reveal();
    held = await source({ refused, signal });
    if (held.access.token.reveal() === refused) return response;
    await response.body?.cancel();
    response = await once(parts, held);
    if (held.dpop === undefined || !lacksNonce.has(response)) return response;
    await response.body?.cancel();
    return once(parts, held);
  }

  return async (input, init = {}) => {
    let parts = readParts(input, init);
    const follows = (init.redirect ?? (input instanceof Request ? input.redirect : 'follow')) === 'follow';
    for (let hop = 0; ; hop++) {
      const response = await authorized(parts);
      const location = response.headers.get('location');
      if (!follows || hop >= maxRedirects || location === null || !redirects.has(response.status)) return response;
      if (parts.method !== 'GET' && parts.method !== 'HEAD') return response;
      const next = URL.canParse(location, parts.url.href) ? new URL(location, parts.url.href) : undefined;
      if (next === undefined || !allowed.has(next.origin)) return response;
      await response.body?.cancel();
      parts = { ...parts, url: next };
    }
  };
}
