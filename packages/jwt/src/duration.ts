import { invalidOption } from './errors.js';

export const second = 1000;
export const minute: number = 60 * second;
export const hour: number = 60 * minute;
export const day: number = 24 * hour;

/**
 * An option in whole milliseconds within bounds.
 * @throws {JwtError} `invalid_option`
 */
export function durationOption(
  option: string,
  value: number | undefined,
  bounds: { readonly fallback: number; readonly min: number; readonly max: number },
): number {
  const { fallback, min, max } = bounds;
  const ms = value ?? fallback;
  if (!Number.isSafeInteger(ms) || ms < min || ms > max) {
    throw invalidOption(option, `give whole milliseconds from ${min} to ${max}, or leave it out for ${fallback}`);
  }
  return ms;
}
