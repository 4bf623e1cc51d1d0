import {
  type Collection,
  invalidOption,
  modify,
  type RevocationSignal,
  settle,
  type TouchBuffer,
} from '@portcullis/core';
import type { SessionFence, SessionRecord } from './session-record.js';
import type { SessionSettings } from './session-settings.js';
import { fenceId } from './sign-in.js';

export interface EndParts<D> {
  readonly settings: SessionSettings<D>;
  readonly sessions: Collection<SessionRecord>;
  readonly fences: Collection<SessionFence>;
  readonly signal: RevocationSignal;
  readonly touches: TouchBuffer;
}

/** The name under which a user's open streams are told that sessions have ended. */
function userChannel(user: string): string {
  return `user ${fenceId(user)}`;
}

/** Deletes one session and tells its open streams. Whether it was live. */
export async function endSession<D>(
  { sessions, settings, signal, touches }: EndParts<D>,
  { id, user }: Pick<SessionRecord, 'id' | 'user'>,
  why: 'sign_out' | 'revoked' | 'replaced' | 'limit',
): Promise<boolean> {
  touches.drop(id);
  const ended = await sessions.delete(id);
  await signal.tell(id);
  if (ended) settings.events.emit('session.ended', { sessionId: id, user, why });
  return ended;
}

/**
 * Ends a user's sessions, those included whose sign-in is under way: the fence is written before anything is deleted, and
 * each sign-in reads it after its record was created.
 */
export async function endAll<D>(
  { sessions, fences, settings, signal }: EndParts<D>,
  user: string,
  except: string | undefined,
): Promise<number> {
  const { clock, timeouts, events } = settings;
  // Silence would read as "all are ended".
  if (typeof user !== 'string' || user === '') throw invalidOption('user', 'name whose sessions are to end');
  const id = fenceId(user);
  // Kept for as long as a sign-in may take, and far beyond.
  const lifetime = Math.max(timeouts(true).absoluteTimeout, timeouts(false).absoluteTimeout);
  await modify(fences, id, (current) => {
    const now = clock();
    return {
      id,
      createdAt: current?.createdAt ?? now,
      notBefore: Math.max(now, current?.notBefore ?? 0),
      expiresAt: now + lifetime,
    };
  });
  const count = await sessions.deleteWhere('user', user, except === undefined ? {} : { except });
  await signal.tell(userChannel(user));
  events.emit('session.all_ended', { user, count });
  return count;
}

/** Calls back once when the session is gone, whether it was ended alone or with all of its user's. */
export function watchSession<D>(
  { sessions, signal }: EndParts<D>,
  { id, user }: { readonly id: string; readonly user: string },
  listener: () => void,
): () => void {
  // Both may be needed while `watch` still runs: a session that is gone already is told of at once.
  let stopOne: () => void = () => {};
  let stopUser: () => void = () => {};
  let done = false;
  const finish = (): void => {
    if (done) return;
    stop();
    listener();
  };
  // Told of all of a user's sessions: this one may be the exception, so it is looked up.
  const recheck = (): void => {
    if (done) return;
    // Before the look: what is told during it must not be missed.
    watchUser();
    const live = settle<boolean>(
      () => {
        const found = sessions.get(id, { fresh: true });
        return found === undefined ? false : 'then' in found ? found.then((stored) => stored !== undefined) : true;
      },
      () => false,
    );
    void Promise.resolve(live).then((good) => (good ? undefined : finish()));
  };
  const watchUser = (): void => {
    if (!done) stopUser = signal.watch(userChannel(user), recheck);
  };
  stopOne = signal.watch(id, finish);
  watchUser();
  function stop(): void {
    done = true;
    stopOne();
    stopUser();
  }
  return stop;
}
