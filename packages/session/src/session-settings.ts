import {
  createEvents,
  type Environment,
  type Events,
  invalidOption,
  type MaybePromise,
  random as systemRandom,
  type Storage,
} from '@portcullis/core';
import {
  createCsrfTokens,
  createOriginCheck,
  type CsrfTokens,
  type OriginCheck,
  type OriginCheckOptions,
} from '@portcullis/core/csrf';
import { createSessionCookie, type SessionCookie, type SessionCookieOptions } from './session-cookie.js';
import type { DataSchema } from './session-data.js';
import type { SessionEvents } from './session-events.js';

/** Cross-site protection of requests that carry the session cookie. */
export interface SessionCsrfOptions extends OriginCheckOptions {
  /** At least 32 random bytes, the same in every process: for the tokens of browsers that send neither Sec-Fetch-Site nor Origin. */
  readonly key?: Uint8Array;
  /** Header that a token is read from. Default `x-csrf-token`. Tokens are never read from the URL or a cookie. */
  readonly header?: string;
  /** Paths that another check protects (a signed webhook, say), exactly as requested and without the query. Default none. */
  readonly exempt?: readonly string[];
  /** Paths that take JSON only: there a body of another type needs a token, whatever its origin. A trailing `*` matches what follows. Default none. */
  readonly jsonOnly?: readonly string[];
}

/** How many sessions a user may have at once. */
export interface SessionLimit {
  /** 1 to 1000. */
  readonly max: number;
  /** What a sign-in above it does. */
  readonly onExceeded: 'refuse' | 'end_oldest';
}

/** What `createSessions` takes. Times are milliseconds. */
export interface SessionsOptions<D> extends Pick<Environment, 'clock' | 'random'> {
  readonly storage: Storage;
  /** Requests that carry the cookie are checked by Sec-Fetch-Site, then Origin and Referer, then a token. */
  readonly csrf: SessionCsrfOptions;
  readonly cookie?: SessionCookieOptions;
  /** Without activity for so long a session is over. 60,000 to `absoluteTimeout`; default 30 minutes. */
  readonly idleTimeout?: number;
  /** However active, a session is over after so long. Default 12 hours. */
  readonly absoluteTimeout?: number;
  /** Both bounds for a remembered sign-in. Default 14 days idle, 30 days in all. */
  readonly remember?: { readonly idleTimeout: number; readonly absoluteTimeout: number };
  /** How exactly activity is kept: it is written at most once in so long. Default a twentieth of the idle timeout, at most 60,000. */
  readonly touchInterval?: number;
  /** How long the secret before a renewal still opens the session for requests under way, 0 to 60,000. Default 10,000. */
  readonly grace?: number;
  readonly limit?: SessionLimit;
  /** Checks data before it is written, and types it. */
  readonly schema?: DataSchema<D>;
  /** Data of a fresh session. Default `{}`. */
  readonly initialData?: () => D;
  /** Asked after each sign-in's record was created: an answer of false undoes it. Read the user past every cache. */
  readonly isActive?: (user: string) => MaybePromise<boolean>;
  readonly events?: Events<SessionEvents>;
}

/** Checked settings. */
export interface SessionSettings<D> {
  readonly clock: () => number;
  readonly random: (count: number) => Uint8Array;
  readonly events: Events<SessionEvents>;
  readonly cookie: SessionCookie;
  readonly origin: OriginCheck;
  readonly csrfTokens: CsrfTokens | undefined;
  readonly csrfHeader: string;
  readonly exempt: ReadonlySet<string>;
  readonly jsonOnly: readonly string[];
  readonly timeouts: (remembered: boolean) => { readonly idleTimeout: number; readonly absoluteTimeout: number };
  readonly touchInterval: (idleTimeout: number) => number;
  readonly grace: number;
  readonly limit: SessionLimit | undefined;
  readonly schema: DataSchema<D> | undefined;
  readonly initialData: () => D;
  readonly isActive: ((user: string) => MaybePromise<boolean>) | undefined;
}

const minute = 60_000;
const day = 86_400_000;
const longest = 400 * day;

function duration(option: string, value: number, least: number, most: number): number {
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw invalidOption(option, `give milliseconds from ${least} to ${most}`);
  }
  return value;
}

/** @throws {CoreError} `invalid_option` naming what is missing or out of range. */
export function parseSettings<D>(options: Omit<SessionsOptions<D>, 'storage'>): SessionSettings<D> {
  const { csrf, clock = Date.now, random = systemRandom, limit } = options;
  if (!Array.isArray(csrf?.origins as unknown))
    throw invalidOption('csrf', "give { origins: ['https://app.example.org'] }: the application's own origins");
  // Before the cookie, which is compared with the origins.
  const origin = createOriginCheck(csrf);
  if (csrf.key !== undefined && !((csrf.key as unknown) instanceof Uint8Array))
    throw invalidOption('csrf.key', 'give bytes (a Uint8Array of at least 32), not their text');
  for (const option of ['initialData', 'isActive'] as const) {
    if (options[option] !== undefined && typeof options[option] !== 'function')
      throw invalidOption(option, 'give a function');
  }
  if (options.schema !== undefined && typeof options.schema?.['~standard']?.validate !== 'function')
    throw invalidOption('schema', 'give a Standard Schema (zod, valibot, arktype), which has a "~standard" property');
  const absoluteTimeout = duration('absoluteTimeout', options.absoluteTimeout ?? 12 * 60 * minute, minute, longest);
  const idleTimeout = duration(
    'idleTimeout',
    options.idleTimeout ?? Math.min(30 * minute, absoluteTimeout),
    minute,
    absoluteTimeout,
  );
  const { remember = { idleTimeout: 14 * day, absoluteTimeout: 30 * day } } = options;
  const remembered = {
    absoluteTimeout: duration('remember.absoluteTimeout', remember.absoluteTimeout, minute, longest),
    idleTimeout: duration('remember.idleTimeout', remember.idleTimeout, minute, remember.absoluteTimeout),
  };
  if (limit !== undefined && !(Number.isSafeInteger(limit.max) && limit.max >= 1 && limit.max <= 1000)) {
    throw invalidOption('limit.max', 'give 1 to 1000');
  }
  if (limit !== undefined && limit.onExceeded !== 'refuse' && limit.onExceeded !== 'end_oldest') {
    throw invalidOption('limit.onExceeded', 'use refuse or end_oldest');
  }
  const { touchInterval } = options;
  // Of both timeouts: activity that is written too seldom would end an active session.
  if (touchInterval !== undefined)
    duration('touchInterval', touchInterval, 0, Math.min(idleTimeout, remembered.idleTimeout) / 2);
  const paths = (option: string, list: readonly string[] = []): readonly string[] => {
    if (!Array.isArray(list as unknown) || list.some((path) => typeof path !== 'string' || !path.startsWith('/')))
      throw invalidOption(option, "give an array of paths that begin with /, as in ['/hooks/signed']");
    // What would never match is worse than no setting: an exemption that is missed, or a protection that is not there.
    const wild = option === 'csrf.exempt' ? /[*?#]/ : /[?#]|\*(?!$)/;
    if (list.some((path) => wild.test(path)))
      throw invalidOption(
        option,
        option === 'csrf.exempt' ? 'name whole paths; no *, no query' : 'only the last character may be *; no query',
      );
    return [...list];
  };
  return {
    clock,
    random,
    limit,
    events: options.events ?? createEvents<SessionEvents>({ clock }),
    cookie: createSessionCookie(options.cookie ?? {}, csrf.origins),
    origin,
    csrfTokens: csrf.key && createCsrfTokens({ key: csrf.key, random }),
    csrfHeader: (csrf.header ?? 'x-csrf-token').toLowerCase(),
    exempt: new Set(paths('csrf.exempt', csrf.exempt)),
    jsonOnly: paths('csrf.jsonOnly', csrf.jsonOnly),
    timeouts: (isRemembered) => (isRemembered ? remembered : { idleTimeout, absoluteTimeout }),
    touchInterval: (idle) => touchInterval ?? Math.min(minute, Math.floor(idle / 20)),
    grace: duration('grace', options.grace ?? 10_000, 0, minute),
    schema: options.schema,
    initialData: options.initialData ?? (() => ({}) as D),
    isActive: options.isActive,
  };
}
