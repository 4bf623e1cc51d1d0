import { expect } from 'vitest';
import { requirement } from '../../requirement.js';
import { type StorageCase, type StorageContext, codeOf, race } from '../storage-case.js';
import { everyCall } from './every-call.js';

const timeoutMs = 50;
// Timers run out in the order in which they are due, however late: whoever waits for `timeoutMs` is done before this one fires.
const tooLateMs = 900;

/** What every caller may wait for, and that giving up harms nobody who comes after. */
export const hangCases: readonly StorageCase[] = [
  {
    id: 'hang.timeout',
    title: `gives up every call at its timeoutMs while the backend does not answer, and goes on when it does ${requirement('D3')}`,
    run: (context) => hang(context, (call) => call({ timeoutMs })),
  },
  {
    id: 'hang.abort',
    title: `gives up every call at the moment its signal fires while the backend does not answer, and goes on when it does ${requirement('D3')}`,
    run: (context) =>
      hang(context, async (call) => {
        const controller = new AbortController();
        let settled = false;
        const outcome = codeOf(() => call({ signal: controller.signal })).finally(() => {
          settled = true;
        });
        // Under way, not refused before it began.
        await new Promise((resolve) => void setTimeout(resolve, timeoutMs));
        expect(settled).toBe(false);
        controller.abort();
        return raise(await outcome);
      }),
  },
];

type Call = (options: { readonly timeoutMs?: number; readonly signal?: AbortSignal }) => unknown;

async function hang(context: StorageContext, giveUp: (call: Call) => unknown): Promise<void> {
  const { items, item, storage, unique } = context;
  const record = item();
  const version = (await items.create(record)) ?? '';
  const others = Array.from({ length: 40 }, () => item());
  await race(others.length, (index) => items.create(others[index] ?? record));
  const resume = await context.hang();
  let tooLate = false;
  const alarm = setTimeout(() => {
    tooLate = true;
  }, tooLateMs);
  const outcomes = await Promise.all(
    Object.entries(everyCall(context, record, version)).map(async ([name, call]) => {
      const code = await codeOf(() => giveUp(call));
      return [name, code, tooLate ? 'too late' : 'in time'];
    }),
  );
  clearTimeout(alarm);
  await resume();
  expect(outcomes).toEqual(outcomes.map(([name]) => [name, 'storage_unavailable', 'in time']));
  // The answers that nobody waits for any more go to nobody else, and what waited for them is free: more callers than a pool has connections.
  const found = await race(others.length, (index) => items.get(others[index]?.id ?? '', { fresh: true }));
  expect(found.map((stored) => stored?.record)).toEqual(others);
  const later = item();
  expect(await items.create(later)).toBeTypeOf('string');
  expect((await items.get(later.id))?.record).toEqual(later);
  const rule = { algorithm: 'fixed-window', limit: 3, windowMs: 60_000 } as const;
  expect((await storage.counters.consume(unique(), rule)).remaining).toBe(2);
}

function raise(code: string | undefined): void {
  if (code !== undefined) throw Object.assign(new Error(code), { code });
}
