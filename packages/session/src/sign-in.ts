import { type Collection, type Exchange, invalidOption, modify, settle, sha256 } from '@portcullis/core';
import type { LiveSession } from './current-session.js';
import { SessionError } from './errors.js';
import type { SessionCsrf } from './session-csrf.js';
import { checkData } from './session-data.js';
import { expiryOf, type SessionFence, type SessionRecord, type SignInFacts } from './session-record.js';
import type { SessionSettings } from './session-settings.js';
import { createSecret, createSelector, formatSessionToken } from './session-token.js';

/** Who signed in, and how. */
export interface SignIn<D> extends SignInFacts {
  readonly user: string;
  readonly tenant?: string;
  /** Keeps the session beyond the browser's end, within the `remember` bounds. It never stands in for a sign-in. Default false. */
  readonly remember?: boolean;
  /** Default: `initialData`. */
  readonly data?: D;
  /** What of the anonymous session's data comes along. Default: nothing. */
  readonly carry?: (anonymous: D, fresh: D) => D;
  /**
   * When the user proved who they are, absolute milliseconds. Default: now. Give it where they did so earlier: at another system,
   * whose session this one replaces. 0 counts as never, and routes with `maxAge` then ask for a fresh sign-in.
   */
  readonly authenticatedAt?: number | undefined;
  /** When the credentials began to be checked, absolute milliseconds: an end of all sessions since then undoes this one. Default: now. */
  readonly startedAt?: number;
  /** A token from the sign-in form, for browsers that send neither Sec-Fetch-Site nor Origin. */
  readonly csrfToken?: string;
}

export interface SignInParts<D> {
  readonly settings: SessionSettings<D>;
  readonly csrf: SessionCsrf;
  readonly sessions: Collection<SessionRecord>;
  readonly fences: Collection<SessionFence>;
  readonly read: (request: Exchange['request']) => Promise<LiveSession | undefined>;
  readonly end: (record: SessionRecord, why: 'replaced' | 'limit') => Promise<void>;
}

const longestUserAgent = 512;

/** Users' ids may be longer than a storage key, so fences go by their hash. */
export function fenceId(user: string): string {
  return sha256(user);
}

const isInstant = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const faults: Readonly<Record<string, readonly [wrong: (value: unknown) => boolean, mend: string]>> = {
  user: [(value) => typeof value !== 'string' || value === '', "give the user's id as a string that is not empty"],
  tenant: [(value) => typeof value !== 'string' || value === '', 'give a string that is not empty, or leave it out'],
  remember: [(value) => typeof value !== 'boolean', "give true or false; a form's text is neither"],
  acr: [(value) => typeof value !== 'string', 'give one class as a string'],
  amr: [
    (value) => !Array.isArray(value) || value.some((item) => typeof item !== 'string'),
    "give an array of strings, as in ['pwd', 'otp']",
  ],
  authenticatedAt: [(value) => !isInstant(value), 'give absolute milliseconds (date.getTime()); 0 counts as never'],
  startedAt: [(value) => !Number.isSafeInteger(value), 'give absolute milliseconds'],
};

/**
 * What the types say, to JavaScript too: an `undefined` user would be a principal that equals every other.
 *
 * @throws {CoreError} `invalid_option` naming the field.
 */
export function checkSignIn(input: object): void {
  const fields: Readonly<Record<string, unknown>> = { ...input };
  for (const [name, [wrong, mend]] of Object.entries(faults)) {
    const value = fields[name];
    if ((value !== undefined || name === 'user') && wrong(value)) throw invalidOption(`signIn.${name}`, mend);
  }
}

/** Refuses what another site sent: signing a victim in or out is an attack too (CS CSRF, "login CSRF"). */
export async function proveOwnPage<D>(
  { csrf, read, settings }: Pick<SignInParts<D>, 'csrf' | 'read' | 'settings'>,
  { request }: Pick<Exchange, 'request'>,
  token: string | undefined,
): Promise<LiveSession | undefined> {
  const live = await read(request);
  const checked = csrf.check(request, live?.record.id, token);
  if (!('denial' in checked)) return live;
  settings.events.emit('session.csrf_rejected', {
    sessionId: live?.record.id ?? '',
    user: live?.record.user,
    method: request.method,
  });
  throw new SessionError('session_cross_site');
}

/** A new record with a new secret; its cookie is not written yet. */
export async function createRecord<D>(
  { settings, sessions }: Pick<SignInParts<D>, 'settings' | 'sessions'>,
  { request }: Exchange,
  fields: Partial<SessionRecord> & { readonly remembered: boolean; readonly data: unknown },
): Promise<{ readonly record: SessionRecord; readonly value: string }> {
  const { clock, random, timeouts } = settings;
  const now = clock();
  const { absoluteTimeout, idleTimeout } = timeouts(fields.remembered);
  const bounds = { endsAt: now + absoluteTimeout, idleTimeout };
  const secret = createSecret(random);
  const userAgent = request.header('user-agent')?.slice(0, longestUserAgent);
  for (let attempt = 0; attempt < 3; attempt++) {
    const selector = createSelector(random);
    const record: SessionRecord = {
      ...fields,
      ...bounds,
      id: selector,
      createdAt: now,
      touchedAt: now,
      expiresAt: expiryOf(bounds, now),
      secretHash: sha256(secret),
      ...(userAgent !== undefined && { userAgent }),
      ...(request.ip !== undefined && { ip: request.ip }),
    };
    // An id that lives already is a chance of 2^-128, or a generator that is broken: either way it is not taken over.
    if ((await sessions.create(record)) !== undefined)
      return { record, value: formatSessionToken({ selector, secret }) };
  }
  throw invalidOption('random', 'it gives the same bytes again and again');
}

/** Refuses a sign-in that an end of all sessions, a disabled user or the limit overtook. */
async function admit<D>(
  { settings, sessions, fences, end }: SignInParts<D>,
  record: SessionRecord,
  startedAt: number,
): Promise<void> {
  const { limit, isActive } = settings;
  const user = record.user as string;
  const refuse = (code: 'session_user_revoked' | 'session_user_inactive' | 'session_limit'): never => {
    throw new SessionError(code);
  };
  const fence = await fences.get(fenceId(user), { fresh: true });
  if (fence !== undefined && fence.record.notBefore >= startedAt) return refuse('session_user_revoked');
  if (isActive !== undefined && (await isActive(user)) !== true) return refuse('session_user_inactive');
  if (limit === undefined) return;
  // Newest first. Whoever came earlier keeps its place, so that of two at once exactly one is above the limit.
  const live: SessionRecord[] = [];
  let cursor: string | undefined;
  do {
    const page = await sessions.list({
      index: 'user',
      value: user,
      limit: 1000,
      ...(cursor !== undefined && { cursor }),
    });
    live.push(...page.items.map((item) => item.record));
    cursor = page.cursor;
  } while (cursor !== undefined);
  if (live.length <= limit.max) return;
  if (limit.onExceeded === 'end_oldest') {
    const oldest = live.slice(limit.max);
    for (const old of oldest) if (old.id !== record.id) await end(old, 'limit');
    // Others came later, or by a faster clock: the browser must not be handed a session that is over.
    if (oldest.some(({ id }) => id === record.id)) refuse('session_limit');
    return;
  }
  const earlier = live.length - 1 - live.findIndex(({ id }) => id === record.id);
  if (earlier >= limit.max) refuse('session_limit');
}

/** Ends this browser's earlier session; of an anonymous one, what is carried comes along. */
async function replace<D>(
  { settings: { schema }, sessions, end }: SignInParts<D>,
  before: SessionRecord | undefined,
  record: SessionRecord,
  carry: SignIn<D>['carry'],
): Promise<SessionRecord> {
  if (before === undefined) return record;
  if (before.user !== undefined) {
    await end(before, 'replaced');
    return record;
  }
  // Taken in one step: what was written to the anonymous session until now comes along, and nothing can be written after.
  const anonymous = await sessions.take(before.id);
  if (anonymous === undefined || carry === undefined) return record;
  const carried = await modify(
    sessions,
    record.id,
    (current) => current && { ...current, data: checkData(schema, carry(anonymous.data as D, current.data as D)) },
  );
  // Ended in between, with all of the user's.
  if (carried === undefined) throw new SessionError('session_user_revoked');
  return carried.record;
}

/** Signs a user in: a new record under a new id, the anonymous one taken, and the cookie last of all. */
export async function signIn<D>(parts: SignInParts<D>, exchange: Exchange, input: SignIn<D>): Promise<SessionRecord> {
  const { settings, sessions } = parts;
  const { clock, cookie, events, initialData, schema } = settings;
  checkSignIn(input);
  const { user, tenant, remember = false, carry, acr, amr, csrfToken } = input;
  // A time to come would be after every end of all sessions, and a proof that does not age.
  const startedAt = Math.min(input.startedAt ?? Infinity, clock());
  const authenticatedAt = Math.min(input.authenticatedAt ?? Infinity, clock());
  const before = await proveOwnPage(parts, exchange, csrfToken);
  const { record, value } = await createRecord(parts, exchange, {
    user,
    ...(tenant !== undefined && { tenant }),
    ...(acr !== undefined && { acr }),
    ...(amr !== undefined && { amr }),
    authenticatedAt,
    remembered: remember,
    data: checkData(schema, input.data ?? initialData()),
  });
  let signedIn: SessionRecord;
  try {
    await admit(parts, record, startedAt);
    signedIn = await replace(parts, before?.record, record, carry);
    cookie.write(exchange.response, value, remember ? (record.endsAt - record.createdAt) / 1000 : undefined);
  } catch (error) {
    // Nobody has its secret: left there, it would stand in the user's list and count towards the limit.
    await settle(
      async () => sessions.delete(record.id),
      () => false,
    );
    throw error;
  }
  events.emit('session.started', { sessionId: record.id, user, ip: exchange.request.ip });
  return signedIn;
}
