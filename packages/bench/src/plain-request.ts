import type { AuthRequest } from '@portcullis/core';

/**
 * A request that is nothing but its header fields. Its methods are on the prototype, as an adapter's are: closures that are made
 * for each request would be measured as the work of whoever reads it.
 */
export class PlainRequest implements AuthRequest {
  readonly method = 'GET';
  readonly url = '/';
  readonly ip = undefined;
  readonly #fields: Readonly<Record<string, string>>;

  constructor(fields: Readonly<Record<string, string>>) {
    this.#fields = fields;
  }

  header(name: string): string | undefined {
    return this.#fields[name];
  }

  headerValues(name: string): readonly string[] {
    const value = this.#fields[name];
    return value === undefined ? [] : [value];
  }
}
