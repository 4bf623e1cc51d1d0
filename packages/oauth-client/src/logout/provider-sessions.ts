import {
  type Clock,
  type CollectionDefinition,
  modify,
  type Sealer,
  Secret,
  sha256,
  type Storage,
  type StoredRecord,
} from '@portcullis/core';
import { invalidOption, OAuthError } from '../errors.js';
import type { ProviderJson } from '../provider.js';
import type { TokenSet } from '../token-set.js';

/** A session of the application's that came from a sign-in at a provider. */
export interface ProviderSessionRecord extends StoredRecord {
  readonly provider: string;
  readonly user: string;
  /** The application's session id. */
  readonly session: string;
  readonly issuer: string;
  /** Hashes of (issuer, sub) and (issuer, sid): a provider ends sessions by these. */
  readonly subjectKey: string;
  readonly sidKey?: string | undefined;
  /** The ID token, sealed: the provider wants it back as a hint when the user signs out. */
  readonly idToken?: string | undefined;
}

/** Where they live. Pass it to the adapter's migrations. */
export const providerSessionCollection: CollectionDefinition<ProviderSessionRecord> = /* @__PURE__ */ Object.freeze({
  name: 'oauth_sessions',
  indexes: ['subjectKey', 'sidKey'] as const,
});

/** A logout that a provider has asked for: remembered against replays, and for a sign-in that is still under way. */
export interface LogoutRecord extends StoredRecord {
  readonly at: number;
}

export const logoutCollection: CollectionDefinition<LogoutRecord> = /* @__PURE__ */ Object.freeze({
  name: 'oauth_logouts',
});

/** What a sign-in gave, as far as it is needed to end its session. */
export interface SignedIn {
  readonly provider: string;
  readonly tokens: TokenSet;
  readonly claims: ProviderJson;
  /** When it was begun, absolute milliseconds. */
  readonly startedAt: number;
}

/** The application's session that a sign-in began. */
export interface StartedSession {
  readonly id: string;
  readonly user: string;
  /** When it is over at the latest, absolute milliseconds. */
  readonly endsAt: number;
}

/** Which of the application's sessions came from which of a provider's. */
export interface ProviderSessions {
  /** Remembers it. @throws {OAuthError} `sign_in_unknown` when the provider has ended it meanwhile: end yours too */
  remember(signedIn: SignedIn, session: StartedSession): Promise<void>;
  /** Forgets an application's session, and says what the provider needs to end its own. */
  forget(session: string): Promise<{ readonly provider: string; readonly idTokenHint: Secret | undefined } | undefined>;
}

/** The same, with what a provider's logout needs. */
export interface ProviderSessionStore extends ProviderSessions {
  /** Those that a logout token names, a page at a time. */
  matching(key: {
    readonly issuer: string;
    readonly sid?: string | undefined;
    readonly subject?: string | undefined;
  }): Promise<readonly ProviderSessionRecord[]>;
  delete(record: ProviderSessionRecord): Promise<void>;
  /** Remembers what a provider wants ended, for sign-ins under way. */
  fence(logout: {
    readonly issuer: string;
    readonly sid?: string | undefined;
    readonly subject?: string | undefined;
  }): Promise<void>;
  /** Remembers a logout token; false when it was used before. */
  use(issuer: string, jti: string): Promise<boolean>;
  isUsed(issuer: string, jti: string): Promise<boolean>;
}

const keyOf = (kind: string, issuer: string, value: string): string =>
  sha256(`${kind}!${issuer.length}!${issuer}!${value}`);

// Longer than a sign-in may take, and than logout tokens live.
const rememberedMs = 3_600_000;

export function createProviderSessions({
  storage,
  sealer,
  clock,
}: {
  readonly storage: Storage;
  readonly sealer: Sealer;
  readonly clock: Clock;
}): ProviderSessionStore {
  const sessions = storage.collection(providerSessionCollection);
  const logouts = storage.collection(logoutCollection);
  const idOf = (session: string): string => sha256(session);
  const hintContext = (session: string): string => `oauth id token ${session}`;

  /** Which logouts would end a session. */
  function fencesOf(
    issuer: string,
    { sid, subject }: { readonly sid?: string | undefined; readonly subject?: string | undefined },
  ) {
    return [
      ...(sid === undefined ? [] : [keyOf('sid', issuer, sid)]),
      ...(subject === undefined ? [] : [keyOf('sub', issuer, subject)]),
    ];
  }

  return {
    async remember({ provider, tokens, claims, startedAt }, { id: session, user, endsAt }) {
      const { iss: issuer, sub: subject, sid } = claims;
      // No ID token: nothing that a provider could end it by.
      if (typeof issuer !== 'string' || typeof subject !== 'string') return;
      if (!Number.isSafeInteger(endsAt)) throw invalidOption('session.endsAt', 'give absolute milliseconds');
      const sidText = typeof sid === 'string' ? sid : undefined;
      const record: ProviderSessionRecord = {
        id: idOf(session),
        createdAt: clock(),
        expiresAt: endsAt,
        provider,
        user,
        session,
        issuer,
        subjectKey: keyOf('sub', issuer, subject),
        ...(sidText === undefined ? {} : { sidKey: keyOf('sid', issuer, sidText) }),
        ...(tokens.idToken === undefined
          ? {}
          : { idToken: await sealer.seal(tokens.idToken.reveal(), hintContext(session)) }),
      };
      await sessions.create(record);
      // Written first, then looked: of a logout at the same time one of the two sees the other.
      for (const fence of fencesOf(issuer, { sid: sidText, subject })) {
        const found = await logouts.get(fence, { fresh: true });
        if (found === undefined || found.record.at < startedAt) continue;
        await sessions.delete(record.id);
        throw new OAuthError('sign_in_unknown', 'The provider has ended this sign-in meanwhile. Begin again.');
      }
    },
    async forget(session) {
      const record = await sessions.take(idOf(session));
      if (record === undefined) return undefined;
      const hint = record.idToken === undefined ? undefined : await sealer.open(record.idToken, hintContext(session));
      return { provider: record.provider, idTokenHint: hint === undefined ? undefined : new Secret(hint) };
    },
    async matching({ issuer, sid, subject }) {
      const subjectKey = subject === undefined ? undefined : keyOf('sub', issuer, subject);
      const query =
        sid === undefined
          ? ({ index: 'subjectKey', value: subjectKey ?? '' } as const)
          : ({ index: 'sidKey', value: keyOf('sid', issuer, sid) } as const);
      const found: ProviderSessionRecord[] = [];
      let cursor: string | undefined;
      do {
        const page = await sessions.list({ ...query, limit: 100, ...(cursor === undefined ? {} : { cursor }) });
        found.push(...page.items.map(({ record }) => record));
        ({ cursor } = page);
      } while (cursor !== undefined);
      // Both named: both have to fit.
      return found.filter((record) => subjectKey === undefined || record.subjectKey === subjectKey);
    },
    async delete({ id }) {
      await sessions.delete(id);
    },
    async fence({ issuer, sid, subject }) {
      const now = clock();
      // By sid alone where there is one: the user's other sessions go on.
      for (const id of fencesOf(issuer, sid === undefined ? { subject } : { sid })) {
        await modify(logouts, id, (current) => ({
          id,
          createdAt: current?.createdAt ?? now,
          expiresAt: now + rememberedMs,
          at: Math.max(now, current?.at ?? 0),
        }));
      }
    },
    async use(issuer, jti) {
      const now = clock();
      const record = { id: keyOf('jti', issuer, jti), createdAt: now, expiresAt: now + rememberedMs, at: now };
      return (await logouts.create(record)) !== undefined;
    },
    async isUsed(issuer, jti) {
      return (await logouts.get(keyOf('jti', issuer, jti), { fresh: true })) !== undefined;
    },
  };
}
