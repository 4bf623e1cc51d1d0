import { invalidOption } from './errors.js';

/**
 * An option that is a whole number within bounds, or its default.
 * @throws {OAuthError} `invalid_option`
 */
export function wholeNumber(
  option: string,
  value: number | undefined,
  { fallback, min, max }: { readonly fallback: number; readonly min: number; readonly max: number },
): number {
  const number = value ?? fallback;
  if (!Number.isSafeInteger(number) || number < min || number > max) {
    throw invalidOption(option, `give a whole number from ${min} to ${max}, or leave it out for ${fallback}`);
  }
  return number;
}
