import { isPortcullisError } from '@portcullis/core';
import { errors as jose } from 'jose';
import * as oauth from 'oauth4webapi';
import { OAuthError } from '../errors.js';

// RFC 6749 allows nearly any printable text in an error code; codes that exist are words.
const code = /^[\w.:-]{1,100}$/;

/** A provider's error code, when it is one that can be shown. */
export function errorCode(value: unknown): string | undefined {
  return typeof value === 'string' && code.test(value) ? value : undefined;
}

const isBusy = (status: number, error: string | undefined): boolean =>
  status >= 500 || status === 429 || error === 'temporarily_unavailable' || error === 'server_error';

function refused(status: number, given: unknown): OAuthError {
  const providerError = errorCode(given);
  return new OAuthError(isBusy(status, providerError) ? 'provider_unavailable' : 'provider_refused', undefined, {
    providerError,
  });
}

async function bodyError(response: Response): Promise<unknown> {
  try {
    const body = (await response.json()) as { readonly error?: unknown } | null;
    return body?.error;
  } catch {
    return undefined;
  }
}

/**
 * What went wrong in a request to a provider, as an `OAuthError`. Causes of oauth4webapi's errors are left out: they hold responses, and with
 * them tokens. An error that is none of the provider's or the network's comes back as it is.
 */
export async function mapFailure(error: unknown): Promise<unknown> {
  if (isPortcullisError(error)) return error;
  if (error instanceof oauth.ResponseBodyError) return refused(error.status, error.error);
  if (error instanceof oauth.WWWAuthenticateChallengeError) {
    const named = (await bodyError(error.response)) ?? error.cause[0]?.parameters.error;
    return refused(error.status, named);
  }
  if (error instanceof oauth.OperationProcessingError || error instanceof oauth.UnsupportedOperationError) {
    const { cause } = error;
    if (cause instanceof Response && isBusy(cause.status, undefined)) return new OAuthError('provider_unavailable');
    return new OAuthError('provider_misbehaved', `The provider answered against the protocol: ${error.message}.`);
  }
  if (error instanceof jose.JWKSTimeout) return new OAuthError('provider_unavailable');
  if (error instanceof jose.JOSEError) {
    return new OAuthError('provider_misbehaved', `The provider sent a token that is no good (${error.code}).`);
  }
  return error;
}
