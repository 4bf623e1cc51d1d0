import { readFileSync } from 'node:fs';

/** The code of the first fence of a page that is a copy of `file`, as a reader copies it. */
export function codeOf(page: string, file: string): string {
  const text = readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8');
  const at = text.indexOf(` file=${file}\n`);
  if (at === -1) throw new Error(`${page} has no copy of ${file}`);
  const code = text.slice(text.indexOf('\n', at) + 1);
  return code.slice(0, code.indexOf('\n```\n') + 1);
}
