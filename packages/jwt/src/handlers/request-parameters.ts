import { readLimited } from '@portcullis/core/fetch';
import { oauthError } from './oauth-response.js';

/** The parameters of a request's body. */
export type FormParameters = ReadonlyMap<string, string>;

/** What a body may be. */
export interface ParameterRules {
  readonly maxBytes: number;
  /** Takes a JSON object of strings as well as a form. */
  readonly json: boolean;
}

/** Longer than any token of ours, a client's authentication included. */
export const defaultMaxBytes = 32_768;

async function readText(request: Request, maxBytes: number): Promise<string | undefined> {
  const bytes = await readLimited(request, maxBytes);
  return bytes && new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

function parseForm(text: string): FormParameters | undefined {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (parameters.has(name)) return undefined;
    parameters.set(name, value);
  }
  return parameters;
}

function parseJson(text: string): FormParameters | undefined {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const entries: readonly (readonly [string, unknown])[] = Object.entries(body);
  return entries.every((entry): entry is readonly [string, string] => typeof entry[1] === 'string')
    ? new Map(entries)
    : undefined;
}

/**
 * The parameters of a POST, or the answer that says what is wrong with it. Only the body is read: a token in the query
 * would be in every log on the way. A parameter that comes twice is refused, and an empty one counts as left out.
 * @see RFC 6749 section 3.2
 */
export async function readParameters(
  request: Request,
  { maxBytes, json }: ParameterRules,
): Promise<FormParameters | Response> {
  if (request.method !== 'POST') return oauthError(405, 'invalid_request', 'Use POST.', { allow: 'POST' });
  const type = (request.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase();
  const isJson = json && type === 'application/json';
  if (!isJson && type !== 'application/x-www-form-urlencoded') {
    return oauthError(
      415,
      'invalid_request',
      `Send application/x-www-form-urlencoded${json ? ' or application/json' : ''}.`,
    );
  }
  let text: string | undefined;
  try {
    text = await readText(request, maxBytes);
  } catch {
    return oauthError(400, 'invalid_request', 'The body could not be read as UTF-8.');
  }
  if (text === undefined) return tooLarge();
  const parameters = isJson ? parseJson(text) : parseForm(text);
  if (parameters === undefined) {
    return oauthError(
      400,
      'invalid_request',
      isJson ? 'The body is not a JSON object of strings.' : 'A parameter comes twice.',
    );
  }
  return new Map([...parameters].filter(([, value]) => value !== ''));
}

function tooLarge(): Response {
  return oauthError(413, 'invalid_request', 'The body is too large.');
}
