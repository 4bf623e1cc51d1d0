// Draws a `mermaid` fence that holds a sequence diagram as SVG, while the site is built: nothing is loaded in the browser, and
// its colours are the theme's. It reads participants, messages and notes; any other line is an error, so that none is lost.

interface Participant {
  readonly id: string;
  readonly label: string;
}
interface Message {
  readonly from: number;
  readonly to: number;
  readonly dashed: boolean;
  readonly refused: boolean;
  readonly lines: readonly string[];
}
interface Note {
  readonly over: readonly number[];
  readonly lines: readonly string[];
}

const charWidth = 6.9;
const lineHeight = 17;
const wrapAt = 30;

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
const widthOf = (lines: readonly string[]): number => Math.max(...lines.map((line) => line.length)) * charWidth;

function wrap(text: string, at = wrapAt): string[] {
  const lines: string[] = [];
  for (const word of text.trim().split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < at) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function parse(source: string): { participants: Participant[]; steps: (Message | Note)[] } {
  const [first, ...rest] = source
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (first !== 'sequenceDiagram') throw new Error(`sequence: the first line must be sequenceDiagram, not ${first}`);
  const participants: Participant[] = [];
  const steps: (Message | Note)[] = [];
  const indexOf = (id: string): number => {
    const index = participants.findIndex((each) => each.id === id);
    if (index === -1) throw new Error(`sequence: no participant is called ${id}`);
    return index;
  };
  for (const line of rest) {
    const participant = /^participant (\w+) as (.+)$/.exec(line);
    const message = /^(\w+)(-->>|->>|-x|--x)(\w+): (.+)$/.exec(line);
    const note = /^Note over (\w+)(?:,\s*(\w+))?: (.+)$/.exec(line);
    if (participant) participants.push({ id: participant[1] ?? '', label: participant[2] ?? '' });
    else if (message) {
      const [, from = '', arrow = '', to = '', text = ''] = message;
      const [dashed, refused] = [arrow.startsWith('--'), arrow.endsWith('x')];
      steps.push({ from: indexOf(from), to: indexOf(to), dashed, refused, lines: wrap(text) });
    } else if (note) {
      const [, from = '', to = from, text = ''] = note;
      steps.push({ over: [indexOf(from), indexOf(to)], lines: wrap(text, 44) });
    } else throw new Error(`sequence: cannot read "${line}"`);
  }
  return { participants, steps };
}

/** The x of each participant: neighbours stand as far apart as the widest text between them needs. */
function columns(participants: readonly Participant[], steps: readonly (Message | Note)[]): number[] {
  const boxes = participants.map(({ label }) => widthOf([label]) + 28);
  const gaps = participants.slice(1).map((_, i) => ((boxes[i] ?? 0) + (boxes[i + 1] ?? 0)) / 2 + 24);
  for (const step of steps) {
    const [a, b] = 'over' in step ? [step.over[0] ?? 0, step.over[1] ?? 0] : [step.from, step.to];
    const [left, right] = [Math.min(a, b), Math.max(a, b)];
    const needed = widthOf(step.lines) + 36;
    if (left === right) {
      if (!('over' in step) && right < gaps.length) gaps[right] = Math.max(gaps[right] ?? 0, needed + 30);
      continue;
    }
    const share = needed / (right - left);
    for (let i = left; i < right; i++) gaps[i] = Math.max(gaps[i] ?? 0, share);
  }
  const xs = [(boxes[0] ?? 0) / 2 + 8];
  for (const [i, gap] of gaps.entries()) xs.push((xs[i] ?? 0) + gap);
  return xs;
}

const text = (lines: readonly string[], x: number, y: number, attributes: string): string =>
  lines.map((line, i) => `<text x="${x}" y="${y + i * lineHeight}" ${attributes}>${escapeXml(line)}</text>`).join('');

/** @throws when a line is none of `participant ID as LABEL`, `A->>B: text`, `A-->>B: text`, `A-xB: text`, `Note over A,B: text` */
export function drawSequence(source: string): string {
  const { participants, steps } = parse(source);
  const xs = columns(participants, steps);
  const [head, parts, said]: [number, string[], string[]] = [34, [], []];
  let y = head + 16;
  let right = Math.max(...xs.map((x, i) => x + widthOf([participants[i]?.label ?? '']) / 2 + 22));
  for (const step of steps) {
    const height = step.lines.length * lineHeight;
    if ('over' in step) {
      const [from, to] = [xs[step.over[0] ?? 0] ?? 0, xs[step.over[1] ?? 0] ?? 0];
      const width = Math.max(Math.abs(to - from) + 40, widthOf(step.lines) + 20);
      const x = Math.max(2, (from + to) / 2 - width / 2);
      right = Math.max(right, x + width + 2);
      parts.push(
        `<rect class="note" x="${x}" y="${y}" width="${width}" height="${height + 12}" rx="6"/>`,
        text(step.lines, x + width / 2, y + lineHeight + 1, 'class="small" text-anchor="middle"'),
      );
      said.push(step.lines.join(' '));
      y += height + 28;
      continue;
    }
    const [from, to] = [xs[step.from] ?? 0, xs[step.to] ?? 0];
    const style = `class="message${step.dashed ? ' dashed' : ''}${step.refused ? ' refused' : ''}"`;
    said.push(
      `${participants[step.from]?.label} to ${participants[step.to]?.label}${step.refused ? ', refused' : ''}: ${step.lines.join(' ')}`,
    );
    if (from === to) {
      parts.push(text(step.lines, from + 34, y + lineHeight - 2, ''));
      parts.push(`<path ${style} d="M${from} ${y + 4} h24 v${height} h-16"/>${arrow(from + 4, y + 4 + height, -1)}`);
      right = Math.max(right, from + 34 + widthOf(step.lines) + 8);
      y += height + 22;
      continue;
    }
    const way = to > from ? 1 : -1;
    parts.push(text(step.lines, (from + to) / 2, y + lineHeight - 6, 'text-anchor="middle"'));
    y += height + 2;
    parts.push(`<path ${style} d="M${from} ${y} H${to - 7 * way}"/>`);
    parts.push(
      step.refused
        ? `<path class="cross" d="M${to - 10 * way - 5} ${y - 5} l10 10 m0 -10 l-10 10"/>`
        : arrow(to - 2 * way, y, way),
    );
    y += 16;
  }
  const height = y + 4;
  const lifelines = xs.map((x) => `<path class="lifeline" d="M${x} ${head} V${height}"/>`);
  const boxes = participants.map(({ label }, i) => {
    const width = widthOf([label]) + 28;
    const x = xs[i] ?? 0;
    return `<rect class="participant" x="${x - width / 2}" y="2" width="${width}" height="${head - 4}" rx="8"/>${text([label], x, 23, 'class="name" text-anchor="middle"')}`;
  });
  const name = `Sequence between ${participants.map(({ label }) => label).join(', ')}`;
  return `<figure class="sequence" v-pre><svg role="img" aria-label="${escapeXml(`${name}. ${said.join('. ')}`)}" viewBox="0 0 ${Math.ceil(right)} ${height}" width="${Math.ceil(right)}" height="${height}" xmlns="http://www.w3.org/2000/svg">${[...lifelines, ...boxes, ...parts].join('')}</svg></figure>\n`;
}

function arrow(x: number, y: number, way: number): string {
  return `<path class="head" d="M${x} ${y} l${-9 * way} -4.5 v9 z"/>`;
}
