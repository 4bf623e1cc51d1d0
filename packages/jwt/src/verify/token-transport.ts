import {
  type AuthRequest,
  type Challenge,
  type CredentialPlace,
  type Denial,
  malformedCredential,
  readAuthorization,
} from '@portcullis/core';
import { duplicateCookie, readCookie } from '@portcullis/core/cookies';
import { createOriginCheck, type OriginCheckOptions } from '@portcullis/core/csrf';
import { invalidOption } from '../errors.js';

/**
 * Where a token is read from; never from the query.
 *
 * - `authorization`: `Authorization: Bearer`.
 * - `webSocketSubprotocol`: of the protocols that a WebSocket offers, the one that begins with this prefix, because browsers
 *   can set no header there: `new WebSocket(url, ['app.v1', 'bearer.' + token])`. Answer with another of them, never with it.
 * - `cookie`: of this name, under `__Host-` or `__Secure-`. The browser sends it by itself, so requests that change something
 *   must come from one of our `origins`.
 */
export type TokenTransportOptions =
  | 'authorization'
  | { readonly webSocketSubprotocol: string }
  | { readonly cookie: string; readonly csrf: OriginCheckOptions };

/** A token, a refusal, `malformedCredential`, or `undefined` for none. */
export type TokenReading = string | Denial | typeof malformedCredential | undefined;

/** Reads tokens from one place. */
export interface TokenTransport {
  readonly kind: 'explicit' | 'ambient';
  readonly claims: (request: AuthRequest) => boolean;
  readonly read: (request: AuthRequest) => TokenReading;
  readonly challenge: Challenge | undefined;
  readonly place: CredentialPlace;
}

const bearer: Challenge = Object.freeze({ scheme: 'Bearer', params: Object.freeze({}) });

/** Whether a text has the shape of a compact JWS: two dots. An API key has none, an encrypted token four. */
function hasThreeParts(text: string): boolean {
  const first = text.indexOf('.');
  const second = first === -1 ? -1 : text.indexOf('.', first + 1);
  return second !== -1 && !text.includes('.', second + 1);
}

const bearerPrefix = /^bearer +/i;

const authorization: TokenTransport = Object.freeze({
  kind: 'explicit',
  claims(request: AuthRequest): boolean {
    const value = request.header('authorization');
    return value !== undefined && bearerPrefix.test(value) && hasThreeParts(value);
  },
  read: (request: AuthRequest) => readAuthorization(request, 'Bearer'),
  challenge: bearer,
  place: { in: 'authorization', scheme: 'Bearer', format: 'JWT' },
} satisfies TokenTransport);

const subprotocolPrefix = /^[\w!#$%&'*+^`|~-]+\.$/;

function fromSubprotocol(prefix: string): TokenTransport {
  if (typeof prefix !== 'string' || !subprotocolPrefix.test(prefix)) {
    throw invalidOption('from.webSocketSubprotocol', "give a prefix that ends in a dot, as in 'bearer.'");
  }
  const offered = (request: AuthRequest): readonly string[] =>
    request
      .headerValues('sec-websocket-protocol')
      .flatMap((line) => line.split(','))
      .map((protocol) => protocol.trim())
      .filter((protocol) => protocol.startsWith(prefix));
  return Object.freeze({
    kind: 'explicit',
    claims: (request: AuthRequest) =>
      request.header('sec-websocket-protocol') !== undefined && offered(request).length > 0,
    read(request: AuthRequest): TokenReading {
      const [first, second] = offered(request);
      return second === undefined ? first?.slice(prefix.length) : malformedCredential;
    },
    challenge: bearer,
    place: { in: 'header', name: 'Sec-WebSocket-Protocol' },
  } satisfies TokenTransport);
}

const cookieName = /^__(?:Host|Secure)-[\w!#$%&'*+.^`|~-]+$/;

function fromCookie(name: string, csrf: OriginCheckOptions): TokenTransport {
  if (typeof name !== 'string' || !cookieName.test(name)) {
    throw invalidOption(
      'from.cookie',
      'give a name that begins with __Host- (or __Secure-), so that no subdomain can set it',
    );
  }
  if (typeof csrf !== 'object' || csrf === null)
    throw invalidOption('from.csrf', "give { origins: ['https://app.example.org'] }");
  const origin = createOriginCheck(csrf);
  return Object.freeze({
    kind: 'ambient',
    claims: (request: AuthRequest) => readCookie(request.headerValues('cookie'), name) !== undefined,
    read(request: AuthRequest): TokenReading {
      const value = readCookie(request.headerValues('cookie'), name);
      if (value === undefined || value === '') return undefined;
      if (value === duplicateCookie) return malformedCredential;
      const verdict = origin.check(request);
      return verdict.allowed ? value : verdict.denial;
    },
    challenge: bearer,
    place: { in: 'cookie', name },
  } satisfies TokenTransport);
}

/**
 * The transport that the options name.
 * @throws {JwtError} `invalid_option`
 * @throws {CoreError} `invalid_option` for an origin that is none.
 */
export function createTokenTransport(options: TokenTransportOptions): TokenTransport {
  if (options === 'authorization') return authorization;
  if (typeof options === 'object' && options !== null) {
    if ('webSocketSubprotocol' in options) return fromSubprotocol(options.webSocketSubprotocol);
    if ('cookie' in options) return fromCookie(options.cookie, options.csrf);
  }
  throw invalidOption('from', "use 'authorization', { webSocketSubprotocol } or { cookie, csrf }");
}
