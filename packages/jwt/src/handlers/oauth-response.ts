import { isPortcullisError } from '@portcullis/core';

/** Answers one request. Made of web standards alone, so that any server can mount it. */
export type Handler = (request: Request) => Promise<Response>;

/** Codes of an OAuth error answer. @see RFC 6749 section 5.2, RFC 7009 section 2.2.1 */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'unsupported_grant_type'
  | 'temporarily_unavailable';

// Pragma for the HTTP/1.0 caches that RFC 6749 section 5.1 still asks to be told.
const noStore = { 'cache-control': 'no-store', pragma: 'no-cache' };

/** A JSON answer that no cache keeps. */
export function jsonResponse(status: number, body: object, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      ...headers,
      ...noStore,
      'content-type': 'application/json;charset=UTF-8',
      'x-content-type-options': 'nosniff',
    },
  });
}

/** An empty answer that no cache keeps. */
export function emptyResponse(status: number, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status, headers: { ...headers, ...noStore } });
}

/** An OAuth error. The description says what kind of thing is wrong, never a value. */
export function oauthError(
  status: number,
  error: OAuthErrorCode,
  description: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return jsonResponse(status, { error, error_description: description }, headers);
}

/**
 * Runs a handler and turns an outage into a 503 that may be tried again: never a refusal, which would make an app throw
 * its token away. Everything else is thrown on.
 */
export async function answer(work: () => Promise<Response>): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    if (!isPortcullisError(error) || error.status !== 503) throw error;
    return oauthError(503, 'temporarily_unavailable', 'The server cannot tell at the moment. Try again.', {
      'retry-after': '1',
    });
  }
}
