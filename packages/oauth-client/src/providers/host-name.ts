import { invalidOption } from '../errors.js';

// At least two labels, and a last one that no IP address ends in.
const hostNames = /^(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)+[a-z](?:[a-z\d-]{0,61}[a-z\d])$/;

/**
 * A host name as it stands in an address: no port, path, user name or IP address, so that what a customer typed leads nowhere else.
 * @throws {OAuthError} `invalid_option`
 */
export function hostName(option: string, value: string): string {
  if (typeof value !== 'string' || value.length > 253 || !hostNames.test(value)) {
    throw invalidOption(option, 'give a host name alone, in lower case, such as login.example.com');
  }
  return value;
}

/**
 * A text that becomes a part of an address.
 * @throws {OAuthError} `invalid_option`
 */
export function addressPart(
  option: string,
  value: string,
  rule: { readonly form: RegExp; readonly mend: string },
): string {
  if (typeof value !== 'string' || !rule.form.test(value)) throw invalidOption(option, rule.mend);
  return value;
}

/**
 * An issuer of the application's own choice, as its metadata names it.
 * @throws {OAuthError} `invalid_option`
 */
export function issuerUrl(option: string, value: string): string {
  const plain = typeof value === 'string' && /^https?:\/\/[^\s?#@\\]+$/.test(value) && URL.canParse(value);
  // What a parser would rewrite is not what the provider's metadata and tokens say.
  if (!plain || ![value, `${value}/`].includes(new URL(value).href)) {
    throw invalidOption(
      option,
      'give the issuer as its metadata names it, such as https://login.example.com/realms/main',
    );
  }
  return value;
}
