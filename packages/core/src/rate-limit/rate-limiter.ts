import { CoreError, invalidOption } from '../errors/core-errors.js';
import { isPortcullisError } from '../errors/portcullis-error.js';
import type { EventSink } from '../events/events.js';
import { type Denial, deny } from '../guard/denial.js';
import type { HeaderField } from '../guard/request.js';
import type { Clock } from '../runtime/environment.js';
import { andThen, type MaybePromise, settle } from '../runtime/maybe-promise.js';
import { parseConsume } from '../storage/counter-rules.js';
import type { CallOptions, CounterRule, Storage } from '../storage/storage.js';
import { counterKey, policyName } from './counter-key.js';
import {
  legacyRateLimitHeaders,
  rateLimitDenial,
  rateLimitHeaders,
  rateLimitState,
  type RateLimitState,
  retryAfterSeconds,
} from './rate-limit-fields.js';

/** What a rate limiter reports. */
export interface RateLimitEvents {
  'rate_limit.exceeded': { readonly limiter: string; readonly policies: readonly string[] };
  /** The counters did not answer. `allowed` is true only with `dangerouslyAllowOnOutage`. */
  'rate_limit.unavailable': { readonly limiter: string; readonly allowed: boolean };
}

/** What `createRateLimiter` takes. */
export interface RateLimiterOptions {
  /** Lower-case letters, digits, `_`, `.` and `-`, beginning with a letter, at most 40. Limiters of one storage need different names. */
  readonly name: string;
  readonly storage: Pick<Storage, 'counters'>;
  /** One rule, whose policy then has the limiter's name, or several by policy name; all must allow a request. */
  readonly rules: CounterRule | Readonly<Record<string, CounterRule>>;
  /** Adds the old RateLimit-Limit, -Remaining and -Reset fields. Default false. */
  readonly legacyHeaders?: boolean;
  /** Lets every request through, unlimited, while the counters do not answer. Default false: 503. */
  readonly dangerouslyAllowOnOutage?: boolean;
  readonly events?: EventSink<RateLimitEvents>;
  /** Default: `Date.now`. */
  readonly clock?: Clock;
}

/** Within the limits. Put `headers` on the response. */
export interface WithinLimit {
  readonly outcome: 'allowed';
  /** False when the counters did not answer and `dangerouslyAllowOnOutage` let the request through. */
  readonly counted: boolean;
  readonly headers: readonly HeaderField[];
  readonly states: readonly RateLimitState[];
}

/** Over a limit: answer with `denial`, which has the header fields. */
export interface OverLimit {
  readonly outcome: 'limited';
  readonly denial: Denial;
  readonly retryAfterSeconds: number;
  readonly states: readonly RateLimitState[];
}

/** The counters did not answer: 503, never a pass. */
export interface LimitUnknown {
  readonly outcome: 'unavailable';
  readonly denial: Denial;
  /** For the debugger; never sent to the client. */
  readonly cause: unknown;
}

export type RateLimitResult = WithinLimit | OverLimit | LimitUnknown;

export interface RateLimitCall extends CallOptions {
  /** Units this request uses, an integer of 0 or more. Default 1. */
  readonly cost?: number;
}

export interface RateLimiter {
  /**
   * Counts one use for `key`: an API key's id, an account, an address. Callers that share a key share a quota, so never pass an
   * empty one for "unknown". Keys that are long or not plain are hashed before they are stored.
   * @throws {CoreError} `invalid_option` for a cost that is no integer of 0 or more, or an empty key.
   */
  consume(key: string, call?: RateLimitCall): MaybePromise<RateLimitResult>;
  /** Gives a key its whole quota back. An outage is thrown. */
  reset(key: string, call?: CallOptions): MaybePromise<void>;
}

interface Policy {
  readonly name: string;
  readonly rule: CounterRule;
}

function isRule(rules: RateLimiterOptions['rules']): rules is CounterRule {
  return typeof rules.algorithm === 'string';
}

function parsePolicies({ name, rules }: RateLimiterOptions): readonly Policy[] {
  if (!policyName.test(name))
    throw invalidOption('name', 'use a lower-case letter, then letters, digits, _ . - up to 40');
  const named = isRule(rules) ? { [name]: rules } : rules;
  const policies = Object.entries(named).map(([policy, rule]) => ({ name: policy, rule: Object.freeze({ ...rule }) }));
  if (policies.length === 0) throw invalidOption('rules', 'give at least one');
  for (const { name: policy, rule } of policies) {
    if (!policyName.test(policy))
      throw invalidOption(`rules.${policy}`, 'name policies with lower-case letters, digits, _ . - up to 40');
    parseConsume(policy, rule, undefined);
    // The largest integer of a structured field (RFC 9651 section 3.3.1).
    if (rule.limit > 999_999_999_999_999) throw invalidOption(`rules.${policy}.limit`, 'use at most 999999999999999');
  }
  // Shortest window first: who is stopped by a burst limit must not go on using up the day's quota.
  return policies.sort((a, b) => a.rule.windowMs - b.rule.windowMs);
}

/**
 * Makes a rate limiter on a storage's atomic counters, with RateLimit fields and the quota-exceeded problem ready.
 *
 * Policies are asked one after the other, shortest window first, until one refuses; a refused policy uses nothing, those before it have
 * counted. The others are then looked at without using them, so that Retry-After is late enough for all. An outage is a 503.
 * What identifies a caller is the application's to say: an address from a header that anybody can send is no limit.
 * @throws {CoreError} `invalid_option` at creation for a name or rule out of range.
 * @see draft-ietf-httpapi-ratelimit-headers-11; RFC 6585 section 4
 */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const policies = parsePolicies(options);
  const { name: limiter, events, clock = Date.now, legacyHeaders = false, dangerouslyAllowOnOutage = false } = options;
  const { counters } = options.storage;
  const keyOf = (policy: Policy, key: string): string => counterKey(`${limiter}:${policy.name}`, key);

  function decide(states: readonly RateLimitState[], now: number): RateLimitResult {
    const older = legacyHeaders ? legacyRateLimitHeaders(states, now) : [];
    const headers = [...rateLimitHeaders(states, { now }), ...older];
    const violated = states.filter((state) => state.violated);
    if (violated.length === 0) return { outcome: 'allowed', counted: true, headers, states };
    if (events?.wants('rate_limit.exceeded') === true) {
      events.emit('rate_limit.exceeded', { limiter, policies: violated.map((state) => state.name) });
    }
    const denial = rateLimitDenial(states, { now, fields: headers });
    return { outcome: 'limited', denial, retryAfterSeconds: retryAfterSeconds(states, now), states };
  }

  function ask(key: string, call: RateLimitCall | undefined): MaybePromise<RateLimitResult> {
    const now = clock();
    const cost = call?.cost ?? 1;
    const step = (states: readonly RateLimitState[]): MaybePromise<RateLimitResult> => {
      const policy = policies[states.length];
      if (policy === undefined) return decide(states, now);
      const refused = states.some((state) => state.violated);
      return andThen(
        counters.consume(keyOf(policy, key), policy.rule, { ...call, cost: refused ? 0 : cost }),
        (consumption) =>
          step([...states, rateLimitState(policy.name, policy.rule, consumption, { cost, now, peeked: refused })]),
      );
    };
    return step([]);
  }

  function failed(cause: unknown): RateLimitResult {
    // Misuse is not an outage: it must be seen, and must not be let through.
    if (isPortcullisError(cause) && !cause.retryable) throw cause;
    events?.emit('rate_limit.unavailable', { limiter, allowed: dangerouslyAllowOnOutage });
    return dangerouslyAllowOnOutage
      ? { outcome: 'allowed', counted: false, headers: [], states: [] }
      : { outcome: 'unavailable', denial: deny('unavailable'), cause };
  }

  return {
    consume(key, call) {
      if (key === '')
        throw new CoreError(
          'invalid_option',
          'key: an empty key would be shared by everybody who has none; choose one',
        );
      return settle(() => ask(key, call), failed);
    },
    reset: (key, call) =>
      policies.reduce<MaybePromise<void>>(
        (done, policy) => andThen(done, () => counters.reset(keyOf(policy, key), call)),
        undefined,
      ),
  };
}
