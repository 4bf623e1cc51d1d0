import { readFileSync } from 'node:fs';

// Read, not imported: the list lives in another package, outside this project's rootDir.
const file = new URL('../../e2e/requirements.json', import.meta.url);
const rows = JSON.parse(readFileSync(file, 'utf8')) as readonly { readonly id: string }[];
const known = new Set(rows.map((row) => row.id));

/**
 * Cites the requirements that a test proves, as a suffix for its title:
 * `it(`refuses an unknown issuer ${requirement('J21')}`, ...)`.
 * The requirements gate finds these calls in the text, so the ids must be string literals.
 * @throws Error when an id is not in packages/e2e/requirements.json.
 */
export function requirement(...ids: readonly string[]): string {
  const unknown = ids.filter((id) => !known.has(id));
  if (ids.length === 0 || unknown.length > 0) {
    throw new Error(
      `requirement(): no such id in packages/e2e/requirements.json: ${unknown.join(', ') || '(none given)'}`,
    );
  }
  return `(${ids.join(', ')})`;
}
