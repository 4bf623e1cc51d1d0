import { invalidOption } from '../errors/core-errors.js';
import { isPortcullisError } from '../errors/portcullis-error.js';
import type { EventSink } from '../events/events.js';
import { type Denial, deny } from '../guard/denial.js';
import { type BoundTokensOptions, createBoundTokens } from '../runtime/bound-tokens.js';
import type { Clock } from '../runtime/environment.js';
import { andThen, type MaybePromise, settle } from '../runtime/maybe-promise.js';
import { Secret } from '../runtime/secret.js';
import { sha256 } from '../runtime/sha256.js';
import { parseConsume } from '../storage/counter-rules.js';
import type { Counters, FixedWindow, Gcra, Storage } from '../storage/storage.js';
import { counterKey, policyName } from './counter-key.js';
import { networkOf } from './network-of.js';

/** What a login throttle reports. The account is hashed: people type passwords into the name field. */
export interface LoginThrottleEvents {
  'login.limited': {
    readonly by: 'address' | 'account_and_address';
    readonly accountHash: string;
    readonly address: string | undefined;
  };
  'login.proof_required': { readonly accountHash: string; readonly address: string | undefined };
  'login.throttle_unavailable': { readonly during: 'attempt' | 'success' };
}

/** What `createLoginThrottle` takes. */
export interface LoginThrottleOptions extends BoundTokensOptions {
  readonly storage: Pick<Storage, 'counters'>;
  /** Default `login`. Throttles of one storage need different names. */
  readonly name?: string;
  /** Attempts from one network, on all accounts together, good ones included. Default 100 in 10 minutes. */
  readonly perAddress?: Omit<Gcra, 'algorithm'>;
  /** Attempts on one account from one network. Default 10 in 15 minutes. */
  readonly perAccountAndAddress?: Omit<Gcra, 'algorithm'>;
  /** Consecutive failures on one account from clients without its device token. Default 80. */
  readonly strangerFailures?: number;
  /** Consecutive failures on one account from clients with its device token. Default 20. Both together at most 100. */
  readonly deviceFailures?: number;
  /** How long failures count when no success ends the row, in milliseconds. Default ten years: "consecutive" knows no time. */
  readonly rememberFailuresMs?: number;
  readonly events?: EventSink<LoginThrottleEvents>;
  /** Default: `Date.now`. */
  readonly clock?: Clock;
}

/** One try to sign in. */
export interface LoginAttempt {
  /** The account's id; the name as typed, in one spelling, where there is no such account, so that both answer alike. */
  readonly account: string;
  /** The client's address, `request.ip`. Unknown: only the account's own limits hold. */
  readonly address: string | undefined;
  /** The device token of an earlier success, from its cookie. */
  readonly device?: string | undefined;
  /** The client has just solved a CAPTCHA or the like: the limits by address, which neighbours could use up, do not apply. */
  readonly challengePassed?: boolean;
}

/** The answer to one attempt. Check the password only when it is `allowed`. */
export type LoginGate =
  | { readonly outcome: 'allowed'; readonly knownDevice: boolean }
  /** Too fast from here: 429. Offer a challenge, or wait. */
  | { readonly outcome: 'limited'; readonly retryAfterSeconds: number; readonly denial: Denial }
  /** A password alone no longer opens this account to a stranger: mail a link, ask for a passkey, then call `succeeded`. */
  | { readonly outcome: 'proof_required'; readonly denial: Denial }
  /** The counters did not answer: 503. */
  | { readonly outcome: 'unavailable'; readonly denial: Denial; readonly cause: unknown };

export interface LoginThrottle {
  /**
   * Counts an attempt, before the password is looked at, as if it had failed: parallel guesses cannot slip past, and a crash counts.
   * @throws {CoreError} `invalid_option` for an empty account.
   */
  attempt(attempt: LoginAttempt): MaybePromise<LoginGate>;
  /**
   * Ends the account's row of failures and gives this device its token. Call it when the sign-in is complete, second factor
   * included, or when the account's owner has proved themselves another way (a mailed link, a recovery code), and nowhere else.
   * Put the token in a long-lived `__Host-` cookie. An outage is an event here, not an error: the failures then go on counting.
   */
  succeeded(who: Pick<LoginAttempt, 'account' | 'address'>): MaybePromise<Secret>;
}

const minute = 60_000;
const tenYears = 3650 * 24 * 60 * minute;

function gcra(option: string, { limit, windowMs, burst }: Omit<Gcra, 'algorithm'>): Gcra {
  const rule: Gcra = { algorithm: 'gcra', limit, windowMs, ...(burst !== undefined && { burst }) };
  parseConsume(option, rule, undefined);
  return rule;
}

/**
 * Makes a throttle for password sign-in: at most 100 consecutive failures an account, and nobody can lock the owner out.
 *
 * The two pull against each other, since whoever may fail 100 times may also use up the owner's tries. So clients are told apart. A success
 * leaves a device token, bound to the account by a MAC; clients that show it have tries of their own, which strangers cannot touch. Strangers
 * share the rest, and are slowed by address first. When their tries are used up, the account is not locked: the password alone just
 * no longer does for a stranger, and the owner on a new device proves themselves another way, which resets everything.
 *
 * Not promised: that a password survives 100 guesses; that an owner without any second way in gets in while strangers' tries are used
 * up. A stolen device token opens nothing; it gives access to the `deviceFailures` tries.
 * Each account name tried leaves a counter for `rememberFailuresMs`; the limit by address is what bounds their number.
 * @throws {CoreError} `invalid_option` at creation: a key below 32 bytes, a rule out of range, more than 100 failures in all.
 * @see NIST SP 800-63B-4 section 3.2.2; ASVS 5.0 6.1.1, 6.3.1; OWASP "Slow Down Online Guessing Attacks with Device Cookies"
 */
export function createLoginThrottle(options: LoginThrottleOptions): LoginThrottle {
  const {
    name = 'login',
    strangerFailures = 80,
    deviceFailures = 20,
    rememberFailuresMs = tenYears,
    events,
    clock = Date.now,
  } = options;
  const { counters }: { readonly counters: Counters } = options.storage;
  if (!policyName.test(name))
    throw invalidOption('name', 'use a lower-case letter, then letters, digits, _ . - up to 40');
  const byAddress = gcra('perAddress', options.perAddress ?? { limit: 100, windowMs: 10 * minute });
  const byPair = gcra('perAccountAndAddress', options.perAccountAndAddress ?? { limit: 10, windowMs: 15 * minute });
  const strangers: FixedWindow = { algorithm: 'fixed-window', limit: strangerFailures, windowMs: rememberFailuresMs };
  const devices: FixedWindow = { algorithm: 'fixed-window', limit: deviceFailures, windowMs: rememberFailuresMs };
  parseConsume('strangerFailures', strangers, undefined);
  parseConsume('deviceFailures', devices, undefined);
  if (strangerFailures + deviceFailures > 100) {
    throw invalidOption('strangerFailures', 'with deviceFailures at most 100 in all (NIST SP 800-63B-4 section 3.2.2)');
  }
  const tokens = createBoundTokens('device', options);

  const addressKey = (network: string): string => counterKey(`${name}:address`, network);
  const pairKey = (account: string, network: string): string =>
    counterKey(`${name}:pair`, `${account.length}!${account}!${network}`);
  const strangersKey = (account: string): string => counterKey(`${name}:strangers`, account);
  const devicesKey = (account: string): string => counterKey(`${name}:devices`, account);

  function limited(
    by: 'address' | 'account_and_address',
    { account, address }: LoginAttempt,
    retryAt: number,
  ): LoginGate {
    events?.emit('login.limited', { by, accountHash: sha256(account), address });
    const retryAfterSeconds = Math.max(1, Math.ceil((retryAt - clock()) / 1000));
    const denial = deny('rate_limited', {
      detail: 'Too many attempts to sign in.',
      headers: [
        ['retry-after', String(retryAfterSeconds)],
        ['cache-control', 'no-store'],
      ],
    });
    return { outcome: 'limited', retryAfterSeconds, denial };
  }

  function asStranger(attempt: LoginAttempt): MaybePromise<LoginGate> {
    const { account, address, challengePassed = false } = attempt;
    const byAccount = (): MaybePromise<LoginGate> =>
      andThen(counters.consume(strangersKey(account), strangers), ({ allowed }): LoginGate => {
        if (allowed) return { outcome: 'allowed', knownDevice: false };
        events?.emit('login.proof_required', { accountHash: sha256(account), address });
        const detail = 'Too many failed attempts to sign in. Prove in another way that the account is yours.';
        return { outcome: 'proof_required', denial: deny('insufficient_user_authentication', { detail }) };
      });
    if (address === undefined || challengePassed) return byAccount();
    const network = networkOf(address);
    return andThen(counters.consume(addressKey(network), byAddress), (all) =>
      !all.allowed
        ? limited('address', attempt, all.retryAt)
        : andThen(counters.consume(pairKey(account, network), byPair), (own) =>
            own.allowed ? byAccount() : limited('account_and_address', attempt, own.retryAt),
          ),
    );
  }

  function ask(attempt: LoginAttempt): MaybePromise<LoginGate> {
    const { account, device } = attempt;
    if (!tokens.verify(account, device)) return asStranger(attempt);
    return andThen(counters.consume(devicesKey(account), devices), ({ allowed }) =>
      allowed ? ({ outcome: 'allowed', knownDevice: true } as const) : asStranger(attempt),
    );
  }

  return {
    attempt(attempt) {
      if (attempt.account === '') throw invalidOption('account', 'give the account whose password is tried');
      return settle(
        () => ask(attempt),
        (cause): LoginGate => {
          if (isPortcullisError(cause) && !cause.retryable) throw cause;
          events?.emit('login.throttle_unavailable', { during: 'attempt' });
          return { outcome: 'unavailable', denial: deny('unavailable'), cause };
        },
      );
    },
    succeeded({ account, address }) {
      const token = new Secret(tokens.issue(account));
      const keys = [strangersKey(account), devicesKey(account)];
      // Never the address' own counter: an attacker would wash it clean by signing in to an account of theirs.
      if (address !== undefined) keys.push(pairKey(account, networkOf(address)));
      return settle(
        () =>
          andThen(
            keys.reduce<MaybePromise<void>>((done, key) => andThen(done, () => counters.reset(key)), undefined),
            () => token,
          ),
        () => {
          events?.emit('login.throttle_unavailable', { during: 'success' });
          return token;
        },
      );
    },
  };
}
