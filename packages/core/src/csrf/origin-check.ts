import { invalidOption } from '../errors/core-errors.js';
import { type Denial, deny } from '../guard/denial.js';
import type { AuthRequest, HeaderField } from '../guard/request.js';

/** What `createOriginCheck` takes. */
export interface OriginCheckOptions {
  /** The application's own origins, from configuration and never from the Host header: `https://app.example.org`. At least one. */
  readonly origins: readonly string[];
  /** Other origins whose pages may send requests with the user's cookies. Default none. */
  readonly trustedOrigins?: readonly string[];
  /** Trusts every host of the same registrable domain, with whatever runs there. Default false. */
  readonly trustSameSite?: boolean;
  /** Lets requests through that carry no Sec-Fetch-Site, no Origin and no Referer. Default false. */
  readonly dangerouslyAllowMissingOrigin?: boolean;
}

/**
 * What decided.
 * - `safe_method`: GET, HEAD or OPTIONS, which must not change anything
 * - `fetch_metadata`: Sec-Fetch-Site said so
 * - `origin`, `referer`: compared with the own and the trusted origins
 * - `missing`: there was nothing to go by
 */
export type OriginEvidence = 'safe_method' | 'fetch_metadata' | 'origin' | 'referer' | 'missing';

/** The answer to "did one of our own pages send this?". */
export type OriginVerdict =
  | { readonly allowed: true; readonly by: OriginEvidence; readonly headers: readonly HeaderField[] }
  | {
      readonly allowed: false;
      readonly by: OriginEvidence;
      readonly headers: readonly HeaderField[];
      readonly denial: Denial;
    };

/** A configured origin check. */
export interface OriginCheck {
  /** Looks at a request whose credential the browser sent by itself. `headers` belong on the response, whatever it is. */
  check(request: Pick<AuthRequest, 'method' | 'header'>): OriginVerdict;
}

const vary: readonly HeaderField[] = [['vary', 'Sec-Fetch-Site, Origin']];
// Web views use schemes of their own (capacitor://localhost), for which URL has no origin.
const customOrigin = /^(?!https?:)[a-z][a-z\d+.-]*:\/\/[a-z\d._-]+(?::\d+)?$/;

function parseOrigins(option: string, origins: readonly string[]): readonly string[] {
  for (const origin of origins) {
    // A wildcard is a host name to URL, and would never match anything.
    const exact = URL.canParse(origin) && new URL(origin).origin === origin && !origin.includes('*');
    if (!exact && !customOrigin.test(origin)) {
      throw invalidOption(
        option,
        `"${origin}" is not an origin; give scheme, lower-case host and non-default port only, as in https://app.example.org`,
      );
    }
  }
  return origins;
}

function originOf(referer: string): string {
  if (!URL.canParse(referer)) return '';
  const { origin, protocol, host } = new URL(referer);
  return origin === 'null' ? `${protocol}//${host}` : origin;
}

function allow(by: OriginEvidence): OriginVerdict {
  return Object.freeze({ allowed: true, by, headers: by === 'safe_method' ? [] : vary });
}

function refuse(by: OriginEvidence, detail: string): OriginVerdict {
  return Object.freeze({ allowed: false, by, headers: vary, denial: deny('csrf_rejected', { detail, headers: vary }) });
}

/**
 * Makes the check that refuses cross-site request forgery, for requests whose credential is a cookie.
 *
 * GET, HEAD and OPTIONS pass: they must not change state. Of the others, `Sec-Fetch-Site: same-origin` and `none` pass; `same-site` passes
 * when trusted; `same-site` and `cross-site` also pass when Origin is exactly a trusted one; any other value is refused. Without that header
 * Origin must be exactly an own or trusted one; without that, the Referer's origin; without either the request is refused.
 * What a page of an allowed origin sends (cross-site scripting) is not checked, nor is a GET that changes something.
 * @throws {CoreError} `invalid_option` at creation for an origin with a path, trailing slash or query, without scheme, or `null`.
 * @see OWASP CSRF Prevention Cheat Sheet; ASVS 5.0 3.5.1
 */
export function createOriginCheck(options: OriginCheckOptions): OriginCheck {
  if (options.origins.length === 0)
    throw invalidOption('origins', "give the application's own origin, as in https://app.example.org");
  const trusted = new Set(parseOrigins('trustedOrigins', options.trustedOrigins ?? []));
  const known = new Set([...parseOrigins('origins', options.origins), ...trusted]);
  const { trustSameSite = false, dangerouslyAllowMissingOrigin = false } = options;

  const safe = allow('safe_method');
  const byMetadata = allow('fetch_metadata');
  const byOrigin = allow('origin');
  const byReferer = allow('referer');
  const unproven = allow('missing');
  const crossSite = refuse('fetch_metadata', 'The request came from another site.');
  const foreignOrigin = refuse('origin', 'The Origin of the request is not one that this application trusts.');
  const foreignReferer = refuse(
    'referer',
    'The Referer of the request is not of an origin that this application trusts.',
  );
  const missing = refuse('missing', 'The request has neither Sec-Fetch-Site nor Origin nor Referer.');

  return {
    check(request) {
      const { method } = request;
      if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return safe;
      const site = request.header('sec-fetch-site');
      if (site === 'same-origin' || site === 'none') return byMetadata;
      if (site === 'same-site' && trustSameSite) return byMetadata;
      const origin = request.header('origin');
      if (site !== undefined) {
        return (site === 'same-site' || site === 'cross-site') && origin !== undefined && trusted.has(origin)
          ? byOrigin
          : crossSite;
      }
      if (origin !== undefined) return known.has(origin) ? byOrigin : foreignOrigin;
      const referer = request.header('referer');
      if (referer !== undefined) return known.has(originOf(referer)) ? byReferer : foreignReferer;
      return dangerouslyAllowMissingOrigin ? unproven : missing;
    },
  };
}
