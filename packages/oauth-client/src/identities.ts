import {
  type Clock,
  type CollectionDefinition,
  type EventSink,
  type MaybePromise,
  modify,
  sha256,
  type Storage,
  type Stored,
  type StoredRecord,
} from '@portcullis/core';
import { invalidOption, OAuthError } from './errors.js';
import type { OAuthEvents } from './oauth-events.js';

/** Who somebody is at a provider: issuer and subject together, and nothing else. */
export interface IdentityKey {
  readonly issuer: string;
  readonly subject: string;
}

/** A way in that a user has. */
export interface Identity extends IdentityKey {
  /** The application's id of the user. */
  readonly user: string;
  /** What the application calls the provider. */
  readonly provider: string;
  /** Absolute milliseconds. */
  readonly linkedAt: number;
}

export interface IdentityRecord extends StoredRecord, IdentityKey {
  readonly user: string;
  readonly provider: string;
}

/** Where identities live. Pass it to the adapter's migrations. */
export const identityCollection: CollectionDefinition<IdentityRecord> = /* @__PURE__ */ Object.freeze({
  name: 'oauth_identities',
  indexes: ['user'] as const,
});

/** One for each user who has unlinked: which identities are on their way out, so that two at once do not both find the other left. */
export interface LeavingRecord extends StoredRecord {
  readonly leaving: readonly string[];
}

export const leavingCollection: CollectionDefinition<LeavingRecord> = /* @__PURE__ */ Object.freeze({
  name: 'oauth_identities_leaving',
});

/** What `unlink` takes. */
export interface UnlinkOptions {
  /** Whether the user can also sign in without any identity: with a password or a passkey. Asked at the moment; default no. */
  readonly otherWayIn?: boolean | (() => MaybePromise<boolean>);
}

/** Which identity is whose. No address of e-mail plays a part in it. */
export interface Identities {
  /** Whose an identity is. */
  find(key: IdentityKey): Promise<Identity | undefined>;
  /** Gives a user another way in; what is theirs already stays so. @throws {OAuthError} `identity_taken` */
  link(key: IdentityKey & { readonly provider: string }, user: string): Promise<Identity>;
  /** Takes one away. Whether it was theirs. @throws {OAuthError} `identity_last` */
  unlink(key: IdentityKey, user: string, options?: UnlinkOptions): Promise<boolean>;
  /** A user's ways in, newest first. */
  list(user: string): Promise<readonly Identity[]>;
  /** Removes all of a user who is deleted. The number removed. */
  removeAll(user: string): Promise<number>;
}

/** What `createIdentities` needs. */
export interface IdentityParts {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly events: EventSink<OAuthEvents>;
}

// The length stands first, so that no issuer and subject can be read as others. Compared exactly: no case, no slash is evened out.
function identityId({ issuer, subject }: IdentityKey): string {
  return sha256(`${issuer.length}!${issuer}!${subject}`);
}

function checkUser(user: string): void {
  if (typeof user !== 'string' || user === '')
    throw invalidOption('user', "give the user's id, a string that is not empty");
}

const identityOf = ({ issuer, subject, user, provider, createdAt }: IdentityRecord): Identity => ({
  issuer,
  subject,
  user,
  provider,
  linkedAt: createdAt,
});

/**
 * Keeps which identity belongs to which user. One identity has one user, whoever comes at the same time; and the last way in is not taken away.
 * @see ASVS 6.8.1, 10.3.3
 */
export function createIdentities({ storage, clock, events }: IdentityParts): Identities {
  const identities = storage.collection(identityCollection);
  const leavings = storage.collection(leavingCollection);

  async function recordsOf(user: string): Promise<readonly Stored<IdentityRecord>[]> {
    const found: Stored<IdentityRecord>[] = [];
    let cursor: string | undefined;
    do {
      const page = await identities.list({
        index: 'user',
        value: user,
        limit: 100,
        ...(cursor === undefined ? {} : { cursor }),
      });
      found.push(...page.items);
      ({ cursor } = page);
    } while (cursor !== undefined);
    return found;
  }

  /** Notes that an identity is on its way out, unless nothing would be left. */
  async function announce(id: string, user: string, options: UnlinkOptions): Promise<void> {
    await modify(leavings, sha256(user), async (current) => {
      const held = (await recordsOf(user)).map(({ record }) => record.id);
      // What has gone need not be remembered.
      const leaving = (current?.leaving ?? []).filter((each) => held.includes(each) && each !== id);
      const staying = held.filter((each) => each !== id && !leaving.includes(each));
      const { otherWayIn = false } = options;
      if (staying.length === 0 && (typeof otherWayIn === 'function' ? await otherWayIn() : otherWayIn) !== true) {
        throw new OAuthError('identity_last');
      }
      return { id: sha256(user), createdAt: current?.createdAt ?? clock(), leaving: [...leaving, id] };
    });
  }

  return {
    async find(key) {
      const stored = await identities.get(identityId(key));
      return stored && identityOf(stored.record);
    },
    async link({ issuer, subject, provider }, user) {
      checkUser(user);
      const id = identityId({ issuer, subject });
      const record: IdentityRecord = { id, createdAt: clock(), issuer, subject, provider, user };
      // Twice, since what was in the way may be gone by the time it is looked at.
      for (let attempt = 0; attempt < 2; attempt++) {
        if ((await identities.create(record)) !== undefined) {
          events.emit('oauth.identity_linked', { user, issuer, subject });
          return identityOf(record);
        }
        const held = await identities.get(id, { fresh: true });
        if (held?.record.user === user) return identityOf(held.record);
        if (held !== undefined) break;
      }
      throw new OAuthError('identity_taken');
    },
    async unlink(key, user, options = {}) {
      checkUser(user);
      const id = identityId(key);
      const held = await identities.get(id, { fresh: true });
      if (held?.record.user !== user) return false;
      await announce(id, user, options);
      const gone = await identities.delete(id, { version: held.version });
      // Linked again later, it counts as any other.
      await modify(
        leavings,
        sha256(user),
        (current) => current && { ...current, leaving: current.leaving.filter((each) => each !== id) },
      );
      if (gone) events.emit('oauth.identity_unlinked', { user, issuer: key.issuer, subject: key.subject });
      return gone;
    },
    async list(user) {
      checkUser(user);
      return (await recordsOf(user)).map(({ record }) => identityOf(record));
    },
    async removeAll(user) {
      checkUser(user);
      const count = await identities.deleteWhere('user', user);
      await leavings.delete(sha256(user));
      return count;
    },
  };
}
