import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { sessionCollection, type SessionRecord } from '@portcullis/session';
import { against, median } from './duel.js';
import { makePlace, openPlace, type ScaleKind, scaleKinds, type ScalePlace } from './scale-storages.js';
import { fill, quantile, sampleSessions, serve } from './storage-load.js';

const living = Number(process.env['SCALE'] ?? 1_000_000);
const expired = living / 2;
const kinds = (process.env['STORAGES']?.split(',') ?? scaleKinds) as readonly ScaleKind[];
const perSecond = Number(process.env['RATE'] ?? 500);
// Quiet and sweeping in turn, so that both see the same machine.
const sliceMs = 500;
const goal = 2;
const minute = 60_000;

/** Another process that sweeps between `go` and `halt`. */
interface Sweeper {
  go(): void;
  /** Resolves with how many it has deleted so far, and whether nothing is left. */
  halt(): Promise<{ readonly deleted: number; readonly done: boolean }>;
  end(): void;
}

async function startSweeper(place: ScalePlace, now: number): Promise<Sweeper> {
  const script = fileURLToPath(new URL('storage-sweeper.ts', import.meta.url));
  const child = fork(script, [JSON.stringify(place), String(now)]);
  await once(child, 'message');
  return {
    go: () => void child.send('go'),
    async halt() {
      const said = once(child, 'message');
      child.send('halt');
      return (await said)[0] as { deleted: number; done: boolean };
    },
    end: () => void child.kill(),
  };
}

async function measure(kind: ScaleKind): Promise<string> {
  const { place, remove } = await makePlace(kind);
  const began = Date.now();
  let now = began;
  const clock = (): number => now;
  const opened = await openPlace(place, { clock, filling: false });
  const filled = await openPlace(place, { clock, filling: true });
  try {
    const { manager, read, model } = await sampleSessions(opened, clock, 2_000);
    const sessions = filled.storage.collection(sessionCollection);
    const soon = { expiresAt: began + minute, endsAt: began + minute };
    // As in life, what expires lies between what goes on.
    const change = (n: number): Partial<SessionRecord> => ({
      ...(n % 3 === 0 ? soon : {}),
      user: `user-${n % 100_000}`,
      createdAt: began - living - expired + n,
    });
    await fill(sessions, model, { from: 0, to: living + expired, change });
    await filled.settle();
    // Sweeping goes by the hour in which a record ended.
    now = began + 2 * 60 * minute;
    const sweeper = await startSweeper(place, now);
    const during = async (): Promise<readonly number[]> => {
      const stop = serve(read, perSecond);
      await new Promise((resolve) => setTimeout(resolve, sliceMs));
      return stop();
    };
    await during();
    const ratios: number[] = [];
    const [quiet, busy]: [number[], number[]] = [[], []];
    let state = { deleted: 0, done: false };
    let slices = 0;
    while (!state.done) {
      const before = await during();
      sweeper.go();
      const meanwhile = await during();
      state = await sweeper.halt();
      if (state.done) break;
      slices += 1;
      quiet.push(...before);
      busy.push(...meanwhile);
      ratios.push(quantile(meanwhile, 0.99) / quantile(before, 0.99));
    }
    sweeper.end();
    if (state.deleted !== Math.ceil((living + expired) / 3))
      throw new Error(`${kind}: ${state.deleted} records swept of ${expired}`);
    if (slices === 0) throw new Error(`${kind}: all of it was swept within ${sliceMs} ms: raise SCALE`);
    await manager.close();
    const us = (times: readonly number[]): string =>
      `${quantile(times, 0.5).toFixed(0)} / ${quantile(times, 0.99).toFixed(0)} µs`;
    const rate = state.deleted / ((slices * sliceMs) / 1_000);
    return `| ${kind} | ${rate.toFixed(0)} | ${us(quiet)} | ${us(busy)} | ${against(median(ratios), goal)} | ${(quantile(busy, 0.99) / quantile(quiet, 0.99)).toFixed(2)} |`;
  } finally {
    await filled.close();
    await opened.close();
    await remove();
  }
}

/**
 * Reads sessions at a steady pace while another process sweeps what has expired among them, as `portcullis sweep` or a cron job does.
 * `SCALE=20000` for fewer records, `STORAGES=sqlite,redis` for some, `SHARE` and `LIMIT` for other settings of `sweepExpired`.
 */
export async function storageSweep(): Promise<void> {
  console.log(
    `\n### ${living.toLocaleString('en')} living sessions, ${expired.toLocaleString('en')} expired: reading ${perSecond} a second while they are swept\n`,
  );
  console.log(
    '| storage | swept a second | quiet, p50 / p99 | while sweeping, p50 / p99 | p99 against the quiet half second before, median | of all |',
  );
  console.log('|---|--:|--:|--:|--:|--:|');
  for (const kind of kinds) console.log(await measure(kind));
}
