/**
 * The lines between `// #region name` and `// #endregion name`, moved to the left margin, or the whole file without such lines.
 * @throws {Error} when there is no such region
 */
export function regionOf(text, name) {
  const lines = text.replaceAll('\r\n', '\n').replace(/\n+$/, '').split('\n');
  const isMark = (line) => /^\s*\/\/ #(end)?region\b/.test(line);
  const at = (mark) => lines.findIndex((line) => line.trim() === `// #${mark} ${name}`);
  const [from, to] = name === undefined ? [-1, lines.length] : [at('region'), at('endregion')];
  if (name !== undefined && (from === -1 || to < from)) throw new Error(`there is no region ${name}`);
  const inside = lines.slice(from + 1, to).filter((line) => !isMark(line));
  while (inside[0]?.trim() === '') inside.shift();
  while (inside.at(-1)?.trim() === '') inside.pop();
  const indent = Math.min(...inside.filter((line) => line.trim() !== '').map((line) => line.search(/\S/)));
  return `${inside.map((line) => line.slice(indent)).join('\n')}\n`;
}
