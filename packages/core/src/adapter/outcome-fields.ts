import type { Outcome } from '../guard/outcome.js';

/** An outcome's header fields by name, for frameworks that take all values of a name at once. @beta */
export function outcomeFields({ headers }: Outcome): Readonly<Record<string, string | string[]>> {
  const fields: Record<string, string | string[]> = {};
  for (const [name, value] of headers) {
    const before = fields[name];
    fields[name] = before === undefined ? value : [before, value].flat();
  }
  return fields;
}
