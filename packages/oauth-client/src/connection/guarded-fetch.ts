import type { Fetch } from '@portcullis/core';
import { readBody, urlObjection, withinTime } from '@portcullis/core/fetch';
import { OAuthError } from '../errors.js';

/** Limits of every exchange with a provider. */
export interface FetchGuard {
  readonly fetch: Fetch;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly allowPrivate: boolean;
}

// A response with one of these has no body, and its constructor insists.
const bodiless = new Set([204, 205, 304]);

/**
 * A fetch for addresses that a provider names: https and public ones only, no redirect followed, and the answer read whole within a time
 * and a size, so that whoever gets it waits for nothing more.
 * @throws {OAuthError} `provider_misbehaved` for an address that must not be fetched; `provider_unavailable` for no answer, one that came
 *   too late or was too large, and for a caller who stopped waiting
 * @see RFC 9728 section 7.7
 */
export function createGuardedFetch({ fetch, timeoutMs, maxBytes, allowPrivate }: FetchGuard): Fetch {
  return async (url, init = {}) => {
    const objection = urlObjection(url, allowPrivate);
    if (objection !== undefined) {
      throw new OAuthError('provider_misbehaved', `The provider named an address that is not fetched: ${objection}.`);
    }
    const caller = init.signal ?? undefined;
    try {
      return await withinTime(timeoutMs, async (late) => {
        const signal = caller === undefined ? late : AbortSignal.any([caller, late]);
        // Not 'error', which Workers refuse: a redirect is then an answer that nobody expects, and is not followed either.
        const answer = await fetch(url, { ...init, redirect: 'manual', signal });
        const { status, statusText, headers } = answer;
        if (status < 200 || status > 599) throw new Error(`The answer has status ${status}.`);
        const body = await readBody(answer, maxBytes);
        return new Response(bodiless.has(status) ? null : body, { status, statusText, headers });
      });
    } catch (cause) {
      throw new OAuthError('provider_unavailable', undefined, { cause });
    }
  };
}
