import { CoreError, invalidOption } from '../errors/core-errors.js';
import { isPortcullisError } from '../errors/portcullis-error.js';
import type { Environment } from '../runtime/environment.js';
import type { MaybePromise } from '../runtime/maybe-promise.js';
import { modify } from './modify.js';
import type { CallOptions, Collection, CollectionDefinition, Storage, StoredRecord, Version } from './storage.js';

/** A lease as it is stored, one for each name. */
export interface LeaseRecord extends StoredRecord {
  readonly fence: number;
  /** Absolute milliseconds; from then on another may take it. */
  readonly heldUntil: number;
}

/** Where leases live. Pass it to the adapter's migrations. */
export const leaseCollection: CollectionDefinition<LeaseRecord> = /* @__PURE__ */ Object.freeze({ name: 'leases' });

/** How long a lease is held. */
export interface LeaseOptions extends Pick<Environment, 'clock'>, CallOptions {
  /** Milliseconds after which another may take the lease, though the work goes on. 1 to 3,600,000. */
  readonly ttlMs: number;
}

/** What the work gets. */
export interface Lease {
  /**
   * Grows with every holder of the name. Send it along with each write that the lease protects and let the receiver refuse a smaller one:
   * that, not the lease, is what stops a holder that slept through its ttl.
   */
  readonly fence: number;
  /** When the lease runs out as things stand, absolute milliseconds. */
  expiresAt(): number;
  /**
   * Holds it for another `ttlMs` from now.
   *
   * @throws CoreError `lease_lost`
   */
  renew(): Promise<void>;
}

// A fence is at least the time it was given at, so it keeps growing when a name's record was swept.
const keepMs = 7 * 86_400_000;

/**
 * Does work that only one process should do at a time.
 *
 * A lease makes overlap rare, not impossible: a process that is stopped for longer than `ttlMs` wakes up in the middle of its work. When the
 * lease ran out before the work was done, this throws even though the work returned.
 *
 * @throws CoreError `lease_lost` when another holds it (the work was not begun) or it ran out
 */
export async function withLease<R>(
  storage: Storage,
  name: string,
  options: LeaseOptions,
  work: (lease: Lease) => MaybePromise<R>,
): Promise<R> {
  const { ttlMs, clock = Date.now, ...call } = options;
  if (!Number.isSafeInteger(ttlMs) || ttlMs < 1 || ttlMs > 3_600_000)
    throw invalidOption('ttlMs', 'give whole milliseconds, 1 to 3,600,000.');
  const leases = storage.collection(leaseCollection);
  const held = await acquire(leases, name, { ttlMs, clock, call });
  let { record, version } = held;

  const move = async (heldUntil: number, onlyWhileHeld: boolean): Promise<void> => {
    if (onlyWhileHeld && clock() >= record.heldUntil) throw leaseLost();
    const next = { ...record, heldUntil, expiresAt: heldUntil + keepMs };
    const written = await leases.update(name, version, next, call);
    if (written === undefined) throw leaseLost();
    record = next;
    version = written;
  };

  const lease: Lease = Object.freeze({
    fence: record.fence,
    expiresAt: () => record.heldUntil,
    renew: () => move(clock() + ttlMs, true),
  });

  let result: R;
  try {
    result = await work(lease);
  } catch (error) {
    await release(move, clock);
    throw error;
  }
  if (clock() >= record.heldUntil || !(await release(move, clock))) throw leaseLost();
  return result;
}

function leaseLost(): CoreError {
  return new CoreError('lease_lost', 'The lease ran out before the work was done, and may be held by another process.');
}

interface Terms {
  readonly ttlMs: number;
  readonly clock: () => number;
  readonly call: CallOptions;
}

async function acquire(
  leases: Collection<LeaseRecord>,
  name: string,
  terms: Terms,
): Promise<{ record: LeaseRecord; version: Version }> {
  const stored = await modify(
    leases,
    name,
    (current) => {
      const now = terms.clock();
      if (current !== undefined && current.heldUntil > now)
        throw new CoreError('lease_lost', 'Another process holds the lease.');
      const heldUntil = now + terms.ttlMs;
      return {
        id: name,
        createdAt: current?.createdAt ?? now,
        expiresAt: heldUntil + keepMs,
        fence: Math.max((current?.fence ?? 0) + 1, now),
        heldUntil,
      };
    },
    terms.call,
  );
  // modify answers "absent" only when the change does, and this one never does.
  if (stored === undefined) throw leaseLost();
  return stored;
}

// Whether the lease was ours to the end. An outage costs only time, since the lease runs out by itself: nobody else has taken it yet.
async function release(
  move: (heldUntil: number, onlyWhileHeld: boolean) => Promise<void>,
  clock: () => number,
): Promise<boolean> {
  try {
    await move(clock(), false);
    return true;
  } catch (error) {
    return !isPortcullisError(error, 'lease_lost');
  }
}
