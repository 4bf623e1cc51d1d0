import type { Fetch } from '@portcullis/core';
import type { Provider, ProviderJson } from '../provider.js';

function parseObject(text: string): ProviderJson | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as ProviderJson) : undefined;
  } catch {
    return undefined;
  }
}

// Several providers answer 200 with an error in it, which by RFC 6749 section 5.2 is a 400.
function statusOf(answer: ProviderJson, status: number): number {
  const failed = typeof answer['error'] === 'string' && answer['access_token'] === undefined;
  if (!failed) return answer['access_token'] === undefined ? status : 200;
  return status >= 400 ? status : 400;
}

/**
 * Turns standard requests into what a provider reads, and its token answers into standard ones, so that nothing else needs to know of its
 * ways: the name of the client id, a JSON body, and answers of another shape.
 * @param tokenEndpoint where token answers come from, as far as it is known
 */
export function speakDialect(provider: Provider, tokenEndpoint: () => string | undefined, fetch: Fetch): Fetch {
  const { clientIdParameter = 'client_id', tokenRequestBody = 'form', normalizeTokenAnswer } = provider;
  return async (url, init = {}) => {
    const isToken = url === tokenEndpoint();
    const request = { ...init };
    if (init.body instanceof URLSearchParams) {
      const entries = [...init.body].map(
        ([name, value]) => [name === 'client_id' ? clientIdParameter : name, value] as const,
      );
      if (isToken && tokenRequestBody === 'json') {
        request.body = JSON.stringify(Object.fromEntries(entries));
        const headers = new Headers(init.headers);
        headers.set('content-type', 'application/json');
        request.headers = headers;
      } else {
        request.body = new URLSearchParams(entries.map(([name, value]) => [name, value]));
      }
    }
    const answer = await fetch(url, request);
    if (!isToken) return answer;
    const text = await answer.text();
    const given = parseObject(text);
    const headers = new Headers(answer.headers);
    if (given === undefined) return new Response(text === '' ? null : text, { status: answer.status, headers });
    const standard = normalizeTokenAnswer?.(given) ?? given;
    for (const name of ['content-length', 'content-encoding']) headers.delete(name);
    headers.set('content-type', 'application/json');
    return new Response(JSON.stringify(standard), { status: statusOf(standard, answer.status), headers });
  };
}
