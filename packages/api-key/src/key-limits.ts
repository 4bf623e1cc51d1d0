import { andThen, type Counters, type CounterRule, type HeaderField, type MaybePromise } from '@portcullis/core';
import {
  rateLimitHeaders,
  type RateLimitQuestion,
  rateLimitState,
  type RateLimitState,
} from '@portcullis/core/rate-limit';
import type { ApiKeyQuota, ApiKeyRateLimit, ApiKeyRecord } from './api-key.js';
import type { QuotaMeter } from './quota-meter.js';

// A quota without refill is a window that nobody lives to see the end of.
const century = 100 * 365 * 86_400_000;

/** The counter's rule of a rate limit. */
function rateRule({ limit, windowMs, burst }: ApiKeyRateLimit): CounterRule {
  return { algorithm: 'gcra', limit, windowMs, ...(burst !== undefined && { burst }) };
}

/** The counter's rule of a quota. */
function quotaRule({ limit, refill }: ApiKeyQuota): CounterRule {
  if (refill === undefined) return { algorithm: 'fixed-window', limit, windowMs: century };
  if (refill.amount === limit) return { algorithm: 'fixed-window', limit, windowMs: refill.everyMs };
  return { algorithm: 'gcra', limit: refill.amount, windowMs: refill.everyMs, burst: limit };
}

/** What a key's limits answered. */
export interface LimitAnswer {
  readonly states: readonly RateLimitState[];
  readonly headers: readonly HeaderField[];
}

const nothing: LimitAnswer = /* @__PURE__ */ Object.freeze({
  states: /* @__PURE__ */ Object.freeze([]),
  headers: /* @__PURE__ */ Object.freeze([]),
});

/** The limits of single keys, on the storage's counters. */
export interface KeyLimits {
  /**
   * Counts one call against the rate limit, then `cost` units against the quota. A call that is too fast leaves the
   * quota as it is, which is then only looked at, so that Retry-After is late enough for both.
   */
  consume(record: ApiKeyRecord, cost: number, now: number): MaybePromise<LimitAnswer>;
}

/**
 * Counters are named by the key's public id, which a rotation keeps: a new secret gives no new quota.
 * @param meter counts buffered quotas. Without it they are exact, as the others.
 */
export function createKeyLimits(counters: Counters, meter: QuotaMeter | undefined): KeyLimits {
  /** @param peeked only looks whether the cost would fit. */
  function quota(
    { id }: ApiKeyRecord,
    config: ApiKeyQuota,
    { cost, now, peeked }: Required<RateLimitQuestion>,
  ): MaybePromise<RateLimitState> {
    const rule = quotaRule(config);
    const key = `api_key:quota:${id}`;
    const units = peeked ? 0 : cost;
    const answer =
      meter !== undefined && config.buffered === true && units > 0
        ? meter.consume({ key, rule, cost, now })
        : counters.consume(key, rule, { cost: units });
    return andThen(answer, (consumption) => rateLimitState('quota', rule, consumption, { cost, now, peeked }));
  }

  return {
    consume(record, cost, now) {
      const { rateLimit, quota: config } = record;
      if (rateLimit === undefined && config === undefined) return nothing;
      const answer = (states: readonly RateLimitState[]): LimitAnswer => ({
        states,
        headers: rateLimitHeaders(states, { now }),
      });
      if (rateLimit === undefined)
        return andThen(quota(record, config as ApiKeyQuota, { cost, now, peeked: false }), (state) => answer([state]));
      const rule = rateRule(rateLimit);
      return andThen(counters.consume(`api_key:rate:${record.id}`, rule), (consumption) => {
        const rate = rateLimitState('rate', rule, consumption, { cost: 1, now });
        if (config === undefined) return answer([rate]);
        return andThen(quota(record, config, { cost, now, peeked: rate.violated }), (state) => answer([rate, state]));
      });
    },
  };
}
