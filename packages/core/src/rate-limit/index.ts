/**
 * Limits how often something may be done, on a storage's atomic counters.
 * @packageDocumentation
 */
export type { BoundTokensOptions } from '../runtime/bound-tokens.js';
export {
  createLoginThrottle,
  type LoginAttempt,
  type LoginGate,
  type LoginThrottle,
  type LoginThrottleEvents,
  type LoginThrottleOptions,
} from './login-throttle.js';
export { networkOf } from './network-of.js';
export {
  rateLimitDenial,
  rateLimitHeaders,
  type RateLimitQuestion,
  rateLimitState,
  type RateLimitState,
  retryAfterSeconds,
} from './rate-limit-fields.js';
export {
  createRateLimiter,
  type LimitUnknown,
  type OverLimit,
  type RateLimitCall,
  type RateLimiter,
  type RateLimiterOptions,
  type RateLimitEvents,
  type RateLimitResult,
  type WithinLimit,
} from './rate-limiter.js';
