import type { Secret } from '@portcullis/core';
import { invalidOption } from '../errors.js';
import { checkResources } from '../sign-in/resource-indicator.js';

/** What a token is asked for. */
export interface TokenWish {
  /** Default: none is named, and the server gives what it thinks fit. A device flow asks for the registration's. */
  readonly scopes?: readonly string[] | undefined;
  /** The API, or APIs, that the token is for: absolute URIs without a fragment. @see RFC 8707 section 2 */
  readonly resource?: string | readonly string[] | undefined;
  /** Parameters of the provider's own, such as `audience` at Auth0. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
}

// What this package or its client authentication writes: an application's parameter of this name would be a second one.
const ours = new Set([
  'grant_type',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'scope',
  'resource',
  'refresh_token',
  'device_code',
  'assertion',
  'subject_token',
  'subject_token_type',
  'actor_token',
  'actor_token_type',
  'requested_token_type',
]);

/** A secret or its text. */
export function plain(value: Secret | string): string {
  return typeof value === 'string' ? value : value.reveal();
}

/**
 * The form of a token request.
 * @throws {OAuthError} `invalid_option` for a resource that is no absolute URI, or a parameter that is not the application's to set
 */
export function tokenParameters(
  { scopes, resource, parameters = {} }: TokenWish,
  fields: Readonly<Record<string, string | undefined>> = {},
): URLSearchParams {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (ours.has(name))
      throw invalidOption(`parameters.${name}`, 'it has an option of its own, or is set by this package');
    form.set(name, value);
  }
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) form.set(name, value);
  if (scopes !== undefined && scopes.length > 0) form.set('scope', scopes.join(' '));
  for (const each of checkResources(resource)) form.append('resource', each);
  return form;
}
