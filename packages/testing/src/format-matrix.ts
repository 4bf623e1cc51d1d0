import type { MatrixRow } from './denial-matrix.js';

/** The matrix as a text table: a route a line, a caller a column, `!` behind an answer that is wrong. */
export function formatMatrix(rows: readonly MatrixRow[]): string {
  const callers = rows[0]?.answers.map(({ caller }) => caller) ?? [];
  const table = [
    ['route', 'requires', ...callers],
    ...rows.map(({ route, answers }) => [
      `${route.method} ${route.path}`,
      route.requirement ?? 'closed',
      ...answers.map(({ status, fault }) => `${status}${fault === undefined ? '' : '!'}`),
    ]),
  ];
  const widths = table[0]?.map((_, at) => Math.max(...table.map((line) => line[at]?.length ?? 0))) ?? [];
  return table
    .map((line) =>
      line
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
