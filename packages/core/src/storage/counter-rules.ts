import { CoreError, invalidOption } from '../errors/core-errors.js';
import { isStorageKey } from './record-rules.js';
import type { ConsumeOptions, Consumption, CounterRule, FixedWindow, Gcra } from './storage.js';

/** `retryAt` of a cost that is larger than the rule allows at once: never. */
export const never: number = Number.MAX_SAFE_INTEGER;

/**
 * What is stored for one counter. All integers, so that every database computes the same.
 *
 * Fixed window: `used` units, and `at` is when the window ends. GCRA: `used` is units times `windowMs`, of which `limit` flow back each
 * millisecond, as of the time `at`: no fraction is ever rounded, whatever the limit and the window.
 */
export interface CounterState {
  readonly algorithm: CounterRule['algorithm'];
  readonly windowMs: number;
  readonly used: number;
  readonly at: number;
}

/** A cost that has been asked of a counter. */
export interface CounterStep {
  readonly consumption: Consumption;
  /** What to store; `undefined` when nothing changed (a refused cost, a cost of 0). */
  readonly state: CounterState | undefined;
}

/** One cost, asked at one time. */
export interface CounterRequest {
  readonly rule: CounterRule;
  readonly cost: number;
  readonly force: boolean;
  /** Absolute milliseconds. */
  readonly now: number;
}

/**
 * Checks the arguments of `Counters.consume`.
 *
 * @throws CoreError `invalid_option` for a rule or cost out of range, `invalid_record` for a key that no storage can hold
 */
export function parseConsume(
  key: string,
  rule: CounterRule,
  options: ConsumeOptions | undefined,
): Omit<CounterRequest, 'now'> {
  checkCounterKey(key);
  if (!isPositive(rule.limit)) throw invalidOption('limit', 'give a positive whole number of units.');
  if (!isPositive(rule.windowMs)) throw invalidOption('windowMs', 'give a positive whole number of milliseconds.');
  if (rule.algorithm === 'gcra') {
    const burst = rule.burst ?? rule.limit;
    if (!isPositive(burst)) throw invalidOption('burst', 'give a positive whole number of units.');
    if (!Number.isSafeInteger(Math.max(burst, rule.limit) * rule.windowMs))
      throw invalidOption('windowMs', 'limit and burst times windowMs must stay below 2^53.');
  } else if (rule.algorithm !== 'fixed-window') {
    throw invalidOption('algorithm', 'use "fixed-window" or "gcra".');
  }
  const cost = options?.cost ?? 1;
  if (!Number.isSafeInteger(cost) || cost < 0) throw invalidOption('cost', 'give a whole number of units, 0 or more.');
  return { rule, cost, force: options?.force === true };
}

/** @throws CoreError `invalid_record` for a key that no storage can hold */
export function checkCounterKey(key: string): void {
  if (!isStorageKey(key))
    throw new CoreError(
      'invalid_record',
      'A counter key must be a well-formed string of 1 to 255 UTF-8 bytes without NUL. Hash longer ones.',
    );
}

/**
 * Asks one cost of one counter: the arithmetic that every adapter shares or must equal.
 *
 * A refused cost uses nothing. `force` always counts. A clock that runs behind the stored time neither refills nor restarts the counter.
 * A state of another algorithm or window length belongs to another rule and counts as none: limit and burst may change, and units stay used.
 */
export function consumeCounter(stored: CounterState | undefined, request: CounterRequest): CounterStep {
  const { rule } = request;
  const own = stored?.algorithm === rule.algorithm && stored.windowMs === rule.windowMs ? stored : undefined;
  return rule.algorithm === 'gcra' ? consumeGcra(own, rule, request) : consumeWindow(own, rule, request);
}

function consumeWindow(
  stored: CounterState | undefined,
  rule: FixedWindow,
  { cost, force, now }: CounterRequest,
): CounterStep {
  const open = stored !== undefined && stored.at > now;
  const before = open ? stored.used : 0;
  const allowed = force || before + cost <= rule.limit;
  if (!allowed) {
    const retryAt = cost > rule.limit ? never : open ? stored.at : now;
    return { consumption: { allowed, remaining: 0, resetAt: open ? stored.at : now, retryAt }, state: undefined };
  }
  const used = Math.min(before + cost, Number.MAX_SAFE_INTEGER);
  const at = open ? stored.at : cost === 0 ? now : later(now, rule.windowMs);
  return {
    consumption: { allowed, remaining: Math.max(0, rule.limit - used), resetAt: at, retryAt: now },
    state: cost === 0 ? undefined : { algorithm: rule.algorithm, windowMs: rule.windowMs, used, at },
  };
}

function consumeGcra(stored: CounterState | undefined, rule: Gcra, { cost, force, now }: CounterRequest): CounterStep {
  const { limit, windowMs } = rule;
  const burst = rule.burst ?? limit;
  const room = burst * windowMs;
  const at = stored === undefined ? now : Math.max(stored.at, now);
  // Past 2^53 the product is no longer exact, but then it is far more than was ever used.
  const before = stored === undefined ? 0 : Math.max(0, stored.used - (at - stored.at) * limit);
  if (!force && (cost > burst || before + cost * windowMs > room)) {
    const retryAt = cost > burst ? never : later(at, Math.ceil((before + cost * windowMs - room) / limit));
    const resetAt = later(at, Math.ceil(before / limit));
    return { consumption: { allowed: false, remaining: 0, resetAt, retryAt }, state: undefined };
  }
  const used = Math.min(before + cost * windowMs, Number.MAX_SAFE_INTEGER);
  return {
    consumption: {
      allowed: true,
      remaining: Math.max(0, Math.floor((room - used) / windowMs)),
      resetAt: later(at, Math.ceil(used / limit)),
      retryAt: now,
    },
    state: cost === 0 ? undefined : { algorithm: rule.algorithm, windowMs, used, at },
  };
}

/** When a counter holds nothing any more and may be forgotten, absolute milliseconds: its `resetAt`. */
export function counterExpiry(state: CounterState, rule: CounterRule): number {
  return rule.algorithm === 'gcra' ? later(state.at, Math.ceil(state.used / rule.limit)) : state.at;
}

// A time that no longer fits a safe integer would be rounded by a database, and never is as late.
function later(at: number, ms: number): number {
  return Math.min(at + ms, never);
}

function isPositive(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
