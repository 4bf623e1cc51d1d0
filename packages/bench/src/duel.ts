/** One way to do the work that a table compares. */
export interface Contender {
  readonly name: string;
  /** One operation. A promise is awaited, one after the other. */
  readonly run: () => unknown;
  /** Runs once before anything is measured: accepts the good, refuses the bad. */
  readonly check?: () => unknown;
  /** The reference of every ratio; the first contender where none says so. */
  readonly limit?: boolean;
  /** The ratio that the design asks for. */
  readonly goal?: number;
}

/** One measured line. */
export interface Line {
  readonly name: string;
  /** Median nanoseconds for one operation. */
  readonly ns: number;
  /** Median over rounds of this contender against the limit in the same round. */
  readonly ratio: number;
  readonly goal: number | undefined;
}

const rounds = Number(process.env['ROUNDS'] ?? 41);
const sliceNs = 8e6;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

// What was computed is kept, so that the compiler cannot leave the work out.
export const sink: { value: unknown } = { value: undefined };

type Loop = (count: number) => unknown;

/** Each contender gets a loop of its own, so that none is measured through a call site that has seen the others. */
function loopOf({ run }: Contender, isAsync: boolean): Loop {
  const body = isAsync
    ? 'async function(n){for(let i=0;i<n;i++)sink.value=await run()}'
    : 'function(n){for(let i=0;i<n;i++)sink.value=run()}';
  // oxlint-disable-next-line no-implied-eval -- a body of its own is what keeps the contenders' loops apart
  return new Function('run', 'sink', `return ${body}`)(run, sink) as Loop;
}

async function slice(loop: Loop, count: number): Promise<number> {
  const from = process.hrtime.bigint();
  await loop(count);
  return Number(process.hrtime.bigint() - from) / count;
}

/**
 * Measures contenders side by side: every round runs a slice of about 8 ms of each, in rotated order, and the ratio is
 * taken within the round. The machine's speed moves between rounds; the ratio hardly does.
 */
export async function duel(title: string, contenders: readonly Contender[]): Promise<readonly Line[]> {
  const entries = [];
  for (const contender of contenders) {
    if (contender.check && !(await contender.check()))
      throw new Error(`${title}: the check of "${contender.name}" failed.`);
    const first = contender.run();
    const isAsync = typeof (first as { then?: unknown } | undefined)?.then === 'function';
    await first;
    entries.push({ contender, loop: loopOf(contender, isAsync), estimate: 1e6, times: [] as number[] });
  }
  for (const entry of entries) {
    for (let count = 1, spent = 0; spent < 1.5e8; count = Math.min(count * 4, Math.ceil(sliceNs / entry.estimate))) {
      entry.estimate = await slice(entry.loop, count);
      spent += entry.estimate * count;
    }
  }
  for (let round = 0; round < rounds; round++) {
    if (round % 10 === 0) globalThis.gc?.();
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[(i + round * 3) % entries.length] as (typeof entries)[number];
      await new Promise(setImmediate);
      const ns = await slice(entry.loop, Math.max(1, Math.round(sliceNs / entry.estimate)));
      entry.estimate = (entry.estimate + ns) / 2;
      entry.times.push(ns);
    }
  }
  const limit = entries.find(({ contender }) => contender.limit) ?? entries[0];
  const lines = entries.map(({ contender, times }) => ({
    name: contender.name,
    ns: median(times),
    ratio: median(times.map((ns, round) => ns / (limit?.times[round] as number))),
    goal: contender.goal,
  }));
  print(title, lines, limit?.contender.name);
  return lines;
}

function time(ns: number): string {
  return ns < 1e3
    ? `${ns.toFixed(ns < 100 ? 1 : 0)} ns`
    : ns < 1e6
      ? `${(ns / 1e3).toFixed(2)} µs`
      : `${(ns / 1e6).toFixed(2)} ms`;
}

/** `0.47 (goal 0.55, met)` */
export function against(value: number, goal: number | undefined, digits = 2): string {
  const text = value.toFixed(value < 10 ? digits : 1);
  return goal === undefined ? text : `${text} (goal ${goal}, ${value <= goal ? 'met' : 'missed'})`;
}

function print(title: string, lines: readonly Line[], limit: string | undefined): void {
  console.log(`\n### ${title}\n\n| contender | time | ratio |\n|---|--:|--:|`);
  for (const { name, ns, ratio, goal } of lines) {
    console.log(`| ${name === limit ? `**${name}**` : name} | ${time(ns)} | ${against(ratio, goal)} |`);
  }
}

/** Strings as they come off a socket: a new one each call, whose hash nobody has computed yet. */
export function fresh(strings: readonly string[]): () => string {
  const buffers = strings.map((text) => Buffer.from(text, 'latin1'));
  let next = 0;
  return () => {
    const buffer = buffers[next] as Buffer;
    next = (next + 1) % buffers.length;
    return buffer.toString('latin1');
  };
}
