import { invalidOption } from '../errors.js';

/**
 * Checks the name of the API that tokens are for: an absolute URI without a fragment.
 * @throws {OAuthError} `invalid_option`
 * @see RFC 8707 section 2
 */
export function checkResources(resource: string | readonly string[] | undefined): readonly string[] {
  const resources = resource === undefined ? [] : [resource].flat();
  for (const each of resources) {
    if (!URL.canParse(each) || each.includes('#')) {
      throw invalidOption('resource', 'give an absolute URI without a fragment, as in https://api.example.org');
    }
  }
  return resources;
}
