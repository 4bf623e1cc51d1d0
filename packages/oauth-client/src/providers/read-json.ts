import type { ProviderJson } from '../provider.js';

/** A JSON object, or an empty one for whatever else came. */
export function objectOf(value: unknown): ProviderJson {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as ProviderJson) : {};
}

/** A JSON array's objects, or none. */
export function objectsOf(value: unknown): readonly ProviderJson[] {
  return Array.isArray(value) ? value.map(objectOf) : [];
}

/** A text that is not empty. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** An id that a provider gives as a text or as a whole number; empty, which no sign-in survives, for whatever else came. */
export function idOf(value: unknown): string {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : '';
  return textOf(value) ?? '';
}

/** The parts that are there, with a space between. */
export function joined(...parts: readonly unknown[]): string | undefined {
  return textOf(parts.flatMap((part) => textOf(part) ?? []).join(' '));
}
