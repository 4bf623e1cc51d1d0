import { invalidOption, OAuthError } from '../errors.js';
import type { ProviderJson } from '../provider.js';

/** What is asked for in detail: each item says its `type` (RFC 9396). */
export type RequestedDetail = ProviderJson & { readonly type: string };

const isDetail = (item: unknown): item is RequestedDetail =>
  typeof item === 'object' && item !== null && typeof (item as { type?: unknown }).type === 'string';

/**
 * @param supported the types that the provider says it knows
 * @throws {OAuthError} `invalid_option` for an item without a type, or of one that the provider does not know
 * @see RFC 9396 section 2
 */
export function checkRequestedDetails(
  details: readonly RequestedDetail[] | undefined,
  supported: unknown,
): readonly RequestedDetail[] {
  for (const detail of details ?? []) {
    if (!isDetail(detail) || detail.type === '') throw invalidOption('authorizationDetails', 'give each item a type');
    if (Array.isArray(supported) && !supported.includes(detail.type)) {
      throw invalidOption('authorizationDetails', `the provider does not know the type "${detail.type}"`);
    }
  }
  return details ?? [];
}

/**
 * What was granted of what was asked: the answer's own list, whose types were all asked for.
 * @throws {OAuthError} `provider_misbehaved`
 * @see RFC 9396 section 7
 */
export function checkGrantedDetails(granted: unknown, requestedTypes: readonly string[]): void {
  if (granted === undefined && requestedTypes.length === 0) return;
  const wellFormed = Array.isArray(granted) && granted.every(isDetail);
  if (!wellFormed) {
    throw new OAuthError('provider_misbehaved', 'The provider did not say which authorization_details it granted.');
  }
  if (!granted.every(({ type }) => requestedTypes.includes(type))) {
    throw new OAuthError('provider_misbehaved', 'The provider granted authorization_details that nobody asked for.');
  }
}
