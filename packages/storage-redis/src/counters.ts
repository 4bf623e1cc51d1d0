import {
  type CallOptions,
  type ConsumeOptions,
  type Consumption,
  type CounterRule,
  type CounterState,
  type Counters,
  checkCounterKey,
  consumeCounter,
  never,
  parseConsume,
  sweepWidthMs,
} from '@portcullis/core/storage';
import type { CollectionContext } from './collection.js';
import { RedisStorageError } from './errors.js';
import { createScript, optionalText, send, within } from './driver.js';
import { counterKey } from './layout.js';

// The arithmetic of consumeCounter. Lua's numbers are JavaScript's, so it rounds nowhere that the reference does not.
// It gives the state before, from which the process derives the very answer that was acted on here.
const step = `
local algorithm, limit, window, burst, cost, force, now =
  ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == 'force', tonumber(ARGV[7])
local before = redis.call('GET', KEYS[1])
local used, at
if before then
  local a, w, u, t = before:match('^(%S+) (%d+) (%d+) (%d+)$')
  if not a then return redis.error_reply('UNREADABLE counter') end
  if a == algorithm and tonumber(w) == window then used, at = tonumber(u), tonumber(t) end
end
local max = ${never}
local ends
if algorithm == 'gcra' then
  local from = at and math.max(at, now) or now
  local held = used and math.max(0, used - (from - at) * limit) or 0
  if cost == 0 or (not force and (cost > burst or held + cost * window > burst * window)) then return before end
  used, at = math.min(held + cost * window, max), from
  ends = math.min(at + math.ceil(used / limit), max)
else
  local open = at and at > now
  local held = open and used or 0
  if cost == 0 or (not force and held + cost > limit) then return before end
  used = math.min(held + cost, max)
  if not open then at = math.min(now + window, max) end
  ends = at
end
redis.call('SET', KEYS[1], string.format('%s %.0f %.0f %.0f', algorithm, window, used, at),
  'PX', string.format('%.0f', math.max(ends - now, 0) + ${sweepWidthMs}))
return before
`;

/** Counters as one string each, counted by a script: exact between processes in one round trip. */
export function createCounters({
  database,
  prefix,
  clock,
}: Pick<CollectionContext, 'database' | 'prefix' | 'clock'>): Counters {
  const script = createScript(database, step);

  return Object.freeze({
    consume(key: string, rule: CounterRule, options?: ConsumeOptions): Promise<Consumption> {
      return within(database, options, async () => {
        const request = { ...parseConsume(key, rule, options), now: clock() };
        const burst = rule.algorithm === 'gcra' ? (rule.burst ?? rule.limit) : 0;
        const numbers = [rule.limit, rule.windowMs, burst, request.cost].map(String);
        const before = optionalText(
          await script.run(counterKey(prefix, key), [
            rule.algorithm,
            ...numbers,
            request.force ? 'force' : '',
            String(request.now),
          ]),
        );
        return consumeCounter(before === undefined ? undefined : decode(before), request).consumption;
      });
    },

    reset(key: string, call?: CallOptions): Promise<void> {
      return within(database, call, async () => {
        checkCounterKey(key);
        const name = counterKey(prefix, key);
        await send(database, name, ['DEL', name]);
      });
    },
  });
}

function decode(state: string): CounterState {
  const [, algorithm, windowMs, used, at] = /^(fixed-window|gcra) (\d+) (\d+) (\d+)$/.exec(state) ?? [];
  if (algorithm === undefined) throw new RedisStorageError('storage_drifted', 'A counter holds something else.');
  return {
    algorithm: algorithm as CounterState['algorithm'],
    windowMs: Number(windowMs),
    used: Number(used),
    at: Number(at),
  };
}
