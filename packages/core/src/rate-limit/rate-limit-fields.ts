import { type Denial, deny } from '../guard/denial.js';
import type { HeaderField } from '../guard/request.js';
import { never } from '../storage/counter-rules.js';
import type { Consumption, CounterRule } from '../storage/storage.js';

/** One policy as a request found it. */
export interface RateLimitState {
  /** Lower-case letters, digits, `_`, `.` and `-`: it is written into header fields as it is. */
  readonly name: string;
  readonly rule: CounterRule;
  /** Units left now. */
  readonly remaining: number;
  /** This policy refuses the request. */
  readonly violated: boolean;
  /** When the effective window ends, absolute milliseconds: for a refused request when its cost fits, else when the quota is whole. */
  readonly until: number;
  /** When the same cost would fit once more, absolute milliseconds. */
  readonly fitsAt: number;
}

/** What was asked of a counter. */
export interface RateLimitQuestion {
  /** Units the request needs. */
  readonly cost: number;
  /** Absolute milliseconds. */
  readonly now: number;
  /** The counter was consumed with cost 0, only to see whether `cost` would fit. Default false. */
  readonly peeked?: boolean;
}

/** What a counter's answer means for a request. */
export function rateLimitState(
  name: string,
  rule: CounterRule,
  { allowed, remaining, resetAt, retryAt }: Consumption,
  { cost, now, peeked = false }: RateLimitQuestion,
): RateLimitState {
  const violated = peeked ? remaining < cost : !allowed;
  let fitsAt = retryAt;
  if (peeked || allowed) {
    // Under GCRA units flow back one by one, in a fixed window all at once at its end.
    const missing = cost - remaining;
    fitsAt =
      missing <= 0
        ? now
        : rule.algorithm === 'gcra'
          ? now + Math.ceil((missing * rule.windowMs) / rule.limit)
          : resetAt;
  }
  // A cost above the whole quota never fits; the window's end is the latest time there is.
  if (fitsAt === never) fitsAt = resetAt;
  return { name, rule, remaining, violated, until: violated ? fitsAt : resetAt, fitsAt };
}

function seconds(milliseconds: number): number {
  return Math.max(0, Math.ceil(milliseconds / 1000));
}

/**
 * The RateLimit-Policy and RateLimit fields: one item a policy, `q` units in `w` seconds, `r` left, `t` seconds to go.
 * @param options `now` in absolute milliseconds
 * @see draft-ietf-httpapi-ratelimit-headers-11 sections 3 and 4
 */
export function rateLimitHeaders(
  states: readonly RateLimitState[],
  { now }: { readonly now: number },
): readonly HeaderField[] {
  if (states.length === 0) return [];
  const policies = states.map(({ name, rule }) => `"${name}";q=${rule.limit};w=${seconds(rule.windowMs)}`);
  const left = states.map(({ name, remaining, until }) => `"${name}";r=${remaining};t=${seconds(until - now)}`);
  return [
    ['ratelimit-policy', policies.join(', ')],
    ['ratelimit', left.join(', ')],
  ];
}

/** The older RateLimit-Limit, -Remaining and -Reset fields: those of the tightest policy. */
export function legacyRateLimitHeaders(states: readonly RateLimitState[], now: number): readonly HeaderField[] {
  const [first, ...others] = states;
  if (first === undefined) return [];
  const tighter = (a: RateLimitState, b: RateLimitState): boolean =>
    a.remaining < b.remaining || (a.remaining === b.remaining && a.until > b.until);
  const tightest = others.reduce((least, state) => (tighter(state, least) ? state : least), first);
  return [
    ['ratelimit-limit', String(tightest.rule.limit)],
    ['ratelimit-remaining', String(tightest.remaining)],
    ['ratelimit-reset', String(seconds(tightest.until - now))],
  ];
}

/** Whole seconds until every policy lets the same cost through, also those that have charged for the refused one; at least 1. */
export function retryAfterSeconds(states: readonly RateLimitState[], now: number): number {
  return Math.max(1, ...states.map(({ fitsAt }) => seconds(fitsAt - now)));
}

/**
 * The 429 of a used-up quota: problem type quota-exceeded naming the violated policies, Retry-After, `fields`, and no-store.
 * @param fields from `rateLimitHeaders`
 * @see RFC 6585 section 4; draft-ietf-httpapi-ratelimit-headers-11 sections 5 to 7
 */
export function rateLimitDenial(
  states: readonly RateLimitState[],
  { now, fields = [] }: { readonly now: number; readonly fields?: readonly HeaderField[] },
): Denial {
  return deny('rate_limited', {
    type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
    title: 'Request cannot be satisfied as assigned quota has been exceeded',
    extensions: { 'violated-policies': states.filter(({ violated }) => violated).map(({ name }) => name) },
    headers: [...fields, ['retry-after', String(retryAfterSeconds(states, now))], ['cache-control', 'no-store']],
  });
}
