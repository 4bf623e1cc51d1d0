import { type AuthRequest, invalidOption, type ResponseSink } from '@portcullis/core';
import {
  type CookieAttributes,
  type duplicateCookie,
  expireCookie,
  readCookie,
  serializeCookie,
} from '@portcullis/core/cookies';

/** How the session cookie is set. */
export interface SessionCookieOptions {
  /** Default `__Host-sid`: no other host and no http page can set it. */
  readonly name?: string;
  /** Default `lax`. `none` is for pages framed by other sites. */
  readonly sameSite?: 'strict' | 'lax' | 'none';
  /** Default `/`. A `__Host-` cookie takes no other. */
  readonly path?: string;
  /** Default: the host that set it, only. Shares the session with every host of the domain. */
  readonly domain?: string;
  /** Kept apart by top-level site (CHIPS). Default false. */
  readonly partitioned?: boolean;
  /** Sends the session over plain http, where anyone on the way can take it. Needs another name than `__Host-…`. Default false. */
  readonly dangerouslyAllowHttp?: boolean;
}

/** The session's cookie: read strictly, written so that a browser keeps it. */
export interface SessionCookie {
  readonly name: string;
  /** Whether one of this name is there. */
  sent(request: AuthRequest): boolean;
  read(request: AuthRequest): string | undefined | typeof duplicateCookie;
  /** @param maxAgeSeconds without it the cookie ends with the browser's session */
  write(response: ResponseSink, value: string, maxAgeSeconds: number | undefined): void;
  /** The same field, for a response that an authenticator adds to. */
  field(value: string, maxAgeSeconds: number | undefined): string;
  expire(response: ResponseSink): void;
}

// Browsers keep Secure cookies of these without TLS: they never leave the machine.
const local = new Set(['localhost', '127.0.0.1', '[::1]']);
const longestAge = 34_560_000;

/**
 * @param origins the application's own, from the CSRF settings: a cookie that their pages would drop is refused now
 * @throws {CoreError} `invalid_option` naming the setting
 */
export function createSessionCookie(options: SessionCookieOptions, origins: readonly string[]): SessionCookie {
  const {
    name = '__Host-sid',
    sameSite = 'lax',
    path = '/',
    domain,
    partitioned = false,
    dangerouslyAllowHttp = false,
  } = options;
  const attributes: CookieAttributes = {
    path,
    httpOnly: true,
    secure: !dangerouslyAllowHttp,
    sameSite,
    domain,
    partitioned,
  };
  // Whatever a browser would drop throws here, at start-up, and names the setting.
  serializeCookie(name, '', attributes);
  for (const origin of origins) {
    const { protocol, hostname } = new URL(origin);
    if (protocol === 'http:' && !local.has(hostname) && !hostname.endsWith('.localhost') && !dangerouslyAllowHttp) {
      throw invalidOption(
        'cookie',
        `browsers drop Secure cookies on ${origin}; serve it over https (and name the https origin, also behind a proxy that ends TLS), or set cookie.dangerouslyAllowHttp and a name without __Host-`,
      );
    }
  }

  function set(response: ResponseSink, field: string): void {
    response.append('set-cookie', field);
    // A shared cache that kept it would hand the session to the next visitor.
    response.append('cache-control', 'no-store');
  }

  function field(value: string, maxAgeSeconds: number | undefined): string {
    const maxAge = maxAgeSeconds === undefined ? undefined : Math.min(longestAge, Math.floor(maxAgeSeconds));
    return serializeCookie(name, value, { ...attributes, maxAge });
  }

  return {
    name,
    sent: (request) => request.headerValues('cookie').some((field) => field.includes(name)),
    read: (request) => readCookie(request.headerValues('cookie'), name),
    field,
    write: (response, value, maxAgeSeconds) => set(response, field(value, maxAgeSeconds)),
    expire: (response) => set(response, expireCookie(name, attributes)),
  };
}
