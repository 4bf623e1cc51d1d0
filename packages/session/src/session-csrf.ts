import { type AuthRequest, type Denial, deny, type HeaderField, invalidOption } from '@portcullis/core';
import { isJsonContentType } from '@portcullis/core/csrf';
import type { SessionSettings } from './session-settings.js';

/** Whether one of our own pages sent a request that carries a session. */
export interface SessionCsrf {
  /** Fields for the response, or the refusal. */
  check(
    request: AuthRequest,
    sessionId: string | undefined,
    token?: string,
  ): { readonly headers: readonly HeaderField[] } | { readonly denial: Denial };
  /** @throws {CoreError} `invalid_option` without `csrf.key`. */
  issue(sessionId: string): string;
  /** Whether a token that a form carried belongs to the session. */
  verify(sessionId: string, token: string | undefined): boolean;
}

/** The path as it was sent. Cut out, not parsed: `URL` would resolve dot segments that a router may read as they stand. */
function pathOf(url: string): string {
  const path = url.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '');
  const end = path.search(/[?#]/);
  return end < 0 ? path : path.slice(0, end);
}

/** A path as the laxest router reads it: decoded, without case, doubled and trailing slashes. */
function foldPath(path: string): string {
  let folded = path;
  // Twice, for a proxy that decodes once more.
  for (let round = 0; round < 2; round++) {
    folded = folded.replace(/%([2-7][\da-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
  return folded
    .replace(/[/\\]+/g, '/')
    .replace(/(?<=.)\/$/, '')
    .toLowerCase();
}

/** The request as one that changes something, whatever its method: a link or an image of another site is a GET too. */
export function asChanging(request: AuthRequest): AuthRequest {
  return {
    method: 'POST',
    url: request.url,
    ip: request.ip,
    header: (name) => request.header(name),
    headerValues: (name) => request.headerValues(name),
  };
}

/** The origin check of core, then the token; and JSON-only paths (ASVS 3.5.2). */
export function createSessionCsrf<D>({
  origin,
  csrfTokens,
  csrfHeader,
  exempt,
  jsonOnly,
}: SessionSettings<D>): SessionCsrf {
  const exact = new Set(jsonOnly.filter((pattern) => !pattern.endsWith('*')).map(foldPath));
  const prefixes = jsonOnly
    .filter((pattern) => pattern.endsWith('*'))
    .map((pattern) => pattern.slice(0, -1).toLowerCase());
  // Here a wrong match only asks for more; so what any router might take for the path counts as it.
  const takesJsonOnly = (path: string): boolean => {
    const folded = foldPath(path);
    return exact.has(folded) || prefixes.some((prefix) => `${folded}/`.startsWith(prefix));
  };
  // HTTP/2 and web runtimes carry bodies without either length, but then with a type.
  const hasBody = (request: AuthRequest): boolean =>
    request.header('content-type') !== undefined ||
    request.header('transfer-encoding') !== undefined ||
    (request.header('content-length') ?? '0') !== '0';

  return {
    check(request, sessionId, token = request.header(csrfHeader)) {
      const verdict = origin.check(request);
      const { headers } = verdict;
      if (verdict.by === 'safe_method') return verdict;
      const path = exempt.size + jsonOnly.length > 0 ? pathOf(request.url) : '';
      if (exempt.has(path)) return { headers };
      const proven = sessionId !== undefined && csrfTokens?.verify(sessionId, token) === true;
      if (takesJsonOnly(path) && hasBody(request) && !isJsonContentType(request.header('content-type')) && !proven) {
        return {
          denial: deny('csrf_rejected', {
            detail: 'This path takes JSON; a body of another type needs a CSRF token.',
            headers,
          }),
        };
      }
      // A token stands in for missing evidence, never against evidence of another site.
      return verdict.allowed || (verdict.by === 'missing' && proven) ? { headers } : { denial: verdict.denial };
    },
    issue(sessionId) {
      if (csrfTokens === undefined) throw invalidOption('csrf.key', 'tokens need a key of at least 32 random bytes');
      return csrfTokens.issue(sessionId);
    },
    verify: (sessionId, token) => csrfTokens?.verify(sessionId, token) === true,
  };
}
