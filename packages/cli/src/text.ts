// C0, C1, line and paragraph separators, and what turns the direction of text: a user agent must not move the cursor of whoever lists it.
const unprintable = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Text of unknown origin, fit for a terminal. */
export function printable(text: string): string {
  return text.replaceAll(unprintable, (unit) => `\\u{${(unit.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Rows in columns, each as wide as its widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(printable));
  const widths: number[] = [];
  for (const row of cells)
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, columnsOf(cell));
  const padded = (cell: string, at: number): string => cell + ' '.repeat((widths[at] ?? 0) - columnsOf(cell));
  return cells.map((row) => `${row.map(padded).join('  ').trimEnd()}\n`).join('');
}

// One column a character, which is right for most of what stands in a table.
function columnsOf(text: string): number {
  return Array.from(text).length;
}

/** A time as people read it; `-` for none. */
export function when(time: number | undefined): string {
  return time === undefined
    ? '-'
    : new Date(time)
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, 'Z');
}

/** A number with its word. */
export function count(number: number, word: string): string {
  return `${number.toLocaleString('en')} ${word}${number === 1 ? '' : 's'}`;
}
