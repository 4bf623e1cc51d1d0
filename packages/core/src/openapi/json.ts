import { invalidOption } from '../errors/core-errors.js';

/** An object of a document that was written by hand: what is in it, nobody knows yet. */
export type Json = Record<string, unknown>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object at `name`, made where there is none. @throws {CoreError} `invalid_option` for anything else. */
export function objectAt(parent: Json, name: string, path: string): Json {
  const found = (parent[name] ??= {});
  if (!isObject(found)) throw invalidOption('document', `${path} must be an object`);
  return found;
}
