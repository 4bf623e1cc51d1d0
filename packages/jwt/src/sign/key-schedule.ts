/** When a key signs. Until then it is `next`; once another's turn has come it is `previous`. */
export interface ScheduledKey {
  readonly kid: string;
  /** Absolute milliseconds. */
  readonly signsFrom: number;
}

/** The times of a rotation, milliseconds. */
export interface KeySchedule {
  readonly rotateEveryMs: number;
  readonly publishAheadMs: number;
  readonly keepPreviousMs: number;
  /** How much earlier than it has to be a key is made, so that making it delays nothing. */
  readonly leadMs: number;
}

/** What has to change now. */
export interface SchedulePlan {
  /** When a key that is made now begins to sign; `undefined`: none is needed yet. */
  readonly add: number | undefined;
  /** Keys whose last token has expired. */
  readonly remove: readonly string[];
}

/** The key that signs at `now`: the one whose turn came last. Keys are in the order of their turns. */
export function currentKey<K extends ScheduledKey>(keys: readonly K[], now: number): K | undefined {
  return keys.findLast((key) => key.signsFrom <= now);
}

/**
 * What a key set needs at `now`. A key is made early enough to be published for `publishAheadMs` before its first
 * signature; only the very first signs at once, because nobody can hold an older key set. A key is removed once its
 * successor has signed for `keepPreviousMs`.
 */
export function planKeys(keys: readonly ScheduledKey[], now: number, schedule: KeySchedule): SchedulePlan {
  const { rotateEveryMs, publishAheadMs, keepPreviousMs, leadMs } = schedule;
  const remove = keys
    .filter((_, at) => {
      const successor = keys[at + 1];
      return successor !== undefined && successor.signsFrom + keepPreviousMs <= now;
    })
    .map(({ kid }) => kid);
  const last = keys.at(-1);
  if (last === undefined) return { add: now, remove };
  const due = last.signsFrom + rotateEveryMs;
  // Where keys rotate faster than verifiers learn of them, several wait for their turn.
  const add = now >= due - publishAheadMs - leadMs ? Math.max(due, now + publishAheadMs) : undefined;
  return { add, remove };
}
