import type { Clock, Fetch } from '@portcullis/core';
import { readBody, withinTime } from '@portcullis/core/fetch';
import { parseStrictObject } from '../verify/strict-json.js';

/** A JSON document and how long HTTP says that it is good for. */
export interface FetchedJson {
  readonly status: number;
  /** `undefined` when the status is not 200. */
  readonly document: Readonly<Record<string, unknown>> | undefined;
  /** Milliseconds; `undefined` when the response does not say. */
  readonly lifetimeMs: number | undefined;
  /** Milliseconds out of Retry-After in seconds. */
  readonly retryAfterMs: number | undefined;
}

/** Limits of one fetch. */
export interface FetchLimits {
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** Milliseconds for everything, the body included. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** What to send beside the defaults of a GET. */
  readonly send?: Pick<RequestInit, 'method' | 'body'> & { readonly headers: Readonly<Record<string, string>> };
}

function lifetimeOf(headers: Headers): number | undefined {
  const control = headers.get('cache-control')?.toLowerCase() ?? '';
  if (/(?:^|[,\s])no-(?:store|cache)(?:[,\s=]|$)/.test(control)) return 0;
  const maxAge = /(?:^|[,\s])max-age="?(\d{1,10})/.exec(control)?.[1];
  if (maxAge === undefined) return undefined;
  const age = /^\d{1,10}$/.exec(headers.get('age') ?? '')?.[0];
  return Math.max(0, Number(maxAge) - Number(age ?? 0)) * 1000;
}

function retryAfterOf(headers: Headers): number | undefined {
  const seconds = /^\d{1,6}$/.exec(headers.get('retry-after') ?? '')?.[0];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

async function request(url: string, { fetch, maxBytes, send }: FetchLimits, signal: AbortSignal): Promise<FetchedJson> {
  const response = await fetch(url, {
    ...send,
    headers: { accept: 'application/jwk-set+json, application/json', ...send?.headers },
    // Not 'error', which Workers refuse: a redirect is then a status that is not 200, and is not followed either.
    redirect: 'manual',
    signal,
  });
  const { status, headers } = response;
  const common = { status, lifetimeMs: lifetimeOf(headers), retryAfterMs: retryAfterOf(headers) };
  if (status !== 200) return { ...common, document: undefined };
  const bytes = await readBody(response, maxBytes);
  const document = parseStrictObject(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  if (typeof document === 'string') throw new Error(`The document is not one JSON object (${document}).`);
  return { ...common, document };
}

/**
 * Fetches a JSON object, within a time and a size, following no redirect.
 * @throws Error for a network failure, a body that is too large, too slow, not UTF-8 or not one strict JSON object.
 */
export function fetchJson(url: string, limits: FetchLimits): Promise<FetchedJson> {
  return withinTime(limits.timeoutMs, (signal) => request(url, limits, signal));
}
