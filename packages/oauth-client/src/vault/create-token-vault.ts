import { createSealer, isPortcullisError, modify, randomToken, random as systemRandom } from '@portcullis/core';
import type { Connection } from '../connection/connection.js';
import { invalidOption } from '../errors.js';
import { createAuthorizedFetch } from '../tokens/authorized-fetch.js';
import { bindConnection, exportDpopKey, importDpopKey } from '../tokens/dpop-key.js';
import { revokeToken } from '../tokens/revoke-token.js';
import { timerWait } from '../tokens/wait.js';
import { whileWanted } from '../connection/while-wanted.js';
import { wholeNumber } from '../whole-number.js';
import { grantCollection, grantId, type GrantRecord } from './grant-record.js';
import { createGrantSeal, type GrantSecrets } from './grant-seal.js';
import { createRenewal, type HeldGrant } from './renew-grant.js';
import type { Grant, GrantToStore, TokenVault, TokenVaultOptions } from './token-vault.js';

const maxBound = 1_000;

async function secretsOf({ tokens, dpopKey, subject }: GrantToStore, connection: Connection): Promise<GrantSecrets> {
  if (tokens.tokenType === 'dpop' && dpopKey === undefined && connection.dpop === undefined) {
    throw invalidOption('dpopKey', 'the tokens are bound to a key: give it');
  }
  if (dpopKey !== undefined && !dpopKey.privateKey.extractable) {
    throw invalidOption(
      'dpopKey',
      'its private half must be extractable, to be kept with the tokens: see createDpopKey',
    );
  }
  const { iss, aud, sub = subject } = tokens.claims ?? {};
  return {
    accessToken: tokens.accessToken.reveal(),
    refreshToken: tokens.refreshToken?.reveal(),
    renewalParameters: tokens.renewalParameters,
    dpopKey: dpopKey === undefined ? undefined : await exportDpopKey(dpopKey),
    identity: typeof sub === 'string' ? { iss, sub, aud } : undefined,
  };
}

function summary(record: GrantRecord): Grant {
  const { provider, state, scopes, renewable, createdAt, obtainedAt, accessExpiresAt: expiresAt } = record;
  return { provider, state, scopes, renewable, createdAt, obtainedAt, expiresAt };
}

/**
 * Keeps what users granted at providers: tokens sealed, renewed before they end, once for all callers in all processes that share the storage. The lease
 * and the fence of a renewal are fields of the grant's own record. An attempt is written before the provider is asked, which also proves that the
 * storage takes writes.
 *
 * When a process dies between the provider's answer and the write, the next caller tries the old refresh token once. A provider that has exchanged it
 * already refuses, and the user has to sign in there again: at most that one grant is lost by a crash, and a record is never half written. While the
 * provider is down, or only the storage's writes fail, the old access token serves to its end.
 * @throws {OAuthError} `invalid_option`
 */
export function createTokenVault(options: TokenVaultOptions): TokenVault {
  const { storage, clock = Date.now, random = systemRandom, events, wait = timerWait } = options;
  const connections = new Map([...options.connections].map((connection) => [connection.name, connection]));
  const records = storage.collection(grantCollection);
  const seal = createGrantSeal(createSealer(options.encryptionKeys, { random }));
  const bound = new Map<string, Promise<Connection>>();
  const flights = new Map<string, Promise<HeldGrant>>();
  const holders = new Set<string>();
  const own = `${randomToken(16, random)}.`;
  let calls = 0;

  // One for each key, because it remembers the nonces that servers gave.
  function bind(connection: Connection, dpopKey: string | undefined): Promise<Connection> {
    if (dpopKey === undefined) return Promise.resolve(connection);
    const name = `${connection.name} ${dpopKey}`;
    const known = bound.get(name) ?? importDpopKey(dpopKey).then((key) => bindConnection(connection, key));
    bound.delete(name);
    bound.set(name, known);
    for (const oldest of bound.keys()) {
      if (bound.size <= maxBound) break;
      bound.delete(oldest);
    }
    return known;
  }

  const renew = createRenewal({
    records,
    seal,
    clock,
    wait,
    events,
    bind,
    renewAheadMs: wholeNumber('renewAheadMs', options.renewAheadMs, { fallback: 60_000, min: 0, max: 3_600_000 }),
    leaseMs: wholeNumber('leaseMs', options.leaseMs, { fallback: 20_000, min: 1_000, max: 300_000 }),
  });

  function connectionOf(provider: string): Connection {
    const connection = connections.get(provider);
    if (connection !== undefined) return connection;
    throw invalidOption('provider', `"${provider}" is not among the providers of the configuration`);
  }

  async function run(id: string, connection: Connection, refused: string | undefined): Promise<HeldGrant> {
    const holder = `${own}${++calls}`;
    holders.add(holder);
    try {
      return await renew({
        id,
        connection,
        refused,
        holder,
        isAbandoned: (other) => other.startsWith(own) && !holders.has(other),
      });
    } finally {
      holders.delete(holder);
    }
  }

  function current(
    { user, provider }: { readonly user: string; readonly provider: string },
    { refused, signal }: { readonly refused?: string; readonly signal?: AbortSignal | undefined },
  ): Promise<HeldGrant> {
    const connection = connectionOf(provider);
    const id = grantId(user, provider);
    // Whoever was refused a token must not join those who are content with it.
    const key = JSON.stringify([id, refused]);
    let flight = flights.get(key);
    if (flight === undefined) {
      flight = run(id, connection, refused).finally(() => flights.delete(key));
      flights.set(key, flight);
    }
    return whileWanted(flight, signal);
  }

  /** The old refresh token, when a new sign-in of the same person brought none: some providers give one only the first time. */
  async function keptRenewal(
    record: GrantRecord | undefined,
    next: GrantSecrets,
  ): Promise<Pick<GrantSecrets, 'refreshToken' | 'renewalParameters'>> {
    if (record?.state !== 'active' || !record.renewable || next.dpopKey !== undefined) return {};
    try {
      const { refreshToken, renewalParameters, dpopKey, identity } = await seal.open(record);
      const isSame =
        identity !== undefined && identity.sub === next.identity?.sub && identity.iss === next.identity.iss;
      return isSame && dpopKey === undefined ? { refreshToken, renewalParameters } : {};
    } catch (error) {
      if (!isPortcullisError(error, 'grant_unreadable')) throw error;
      return {};
    }
  }

  async function resealOne(record: GrantRecord, version: string): Promise<'resealed' | 'unreadable' | 'left'> {
    if (!seal.isOutdated(record.sealed)) return 'left';
    try {
      const sealed = await seal.seal(await seal.open(record), record);
      // Lost to another write, which has sealed with the current key or will be met by the next run.
      return (await records.update(record.id, version, { ...record, sealed })) === undefined ? 'left' : 'resealed';
    } catch (error) {
      if (!isPortcullisError(error, 'grant_unreadable')) throw error;
      return 'unreadable';
    }
  }

  return {
    async store(grant) {
      const { user, provider, tokens } = grant;
      const connection = connectionOf(provider);
      const owner = { user, provider, issuer: connection.provider.issuer, clientId: connection.client.client_id };
      const given = await secretsOf(grant, connection);
      const stored = await modify(records, grantId(user, provider), async (before): Promise<GrantRecord> => {
        const isSameClient = before?.issuer === owner.issuer && before.clientId === owner.clientId;
        const kept = given.refreshToken === undefined && isSameClient ? await keptRenewal(before, given) : {};
        const secrets = { ...given, ...kept };
        const now = clock();
        const fence = Math.max((before?.fence ?? 0) + 1, now);
        return {
          ...owner,
          id: grantId(user, provider),
          createdAt: before?.createdAt ?? now,
          state: 'active',
          scopes: tokens.scopes,
          tokenType: tokens.tokenType,
          obtainedAt: now,
          accessExpiresAt: tokens.expiresAt,
          renewable: secrets.refreshToken !== undefined,
          sealed: await seal.seal(secrets, owner),
          fence,
          tokensFence: fence,
          uncertain: false,
        };
      });
      const { scopes } = tokens;
      events?.emit('oauth.grant_stored', { user, provider, scopes, renewable: stored?.record.renewable ?? false });
    },

    async accessToken(user, provider, call = {}) {
      return (await current({ user, provider }, call)).access;
    },

    fetch: (user, provider, settings = {}) =>
      createAuthorizedFetch(connectionOf(provider), (call) => current({ user, provider }, call), settings),

    async list(user) {
      const grants: Grant[] = [];
      let cursor: string | undefined;
      do {
        const page = await records.list({ index: 'user', value: user, limit: 100, cursor });
        grants.push(...page.items.map(({ record }) => summary(record)));
        cursor = page.cursor;
      } while (cursor !== undefined);
      return grants;
    },

    async revoke(user, provider, call = {}) {
      const connection = connectionOf(provider);
      const id = grantId(user, provider);
      // First here: nobody gets a token any more, and a renewal that is under way finds its tokens unwanted.
      const stored = await modify(records, id, (current): GrantRecord | undefined => {
        if (current === undefined) return undefined;
        const fence = current.fence + 1;
        return { ...current, state: 'ended', fence, tokensFence: fence, attempt: undefined };
      });
      if (stored === undefined) return 'absent';
      const { record, version } = stored;
      let answer: 'revoked' | 'local' = 'local';
      const isOurs = record.issuer === connection.provider.issuer && record.clientId === connection.client.client_id;
      if (record.sealed !== '' && isOurs) {
        const { refreshToken, accessToken } = await seal.open(record);
        const hint = refreshToken === undefined ? 'access_token' : 'refresh_token';
        const told = await revokeToken(connection, { token: refreshToken ?? accessToken, hint, signal: call.signal });
        if (told === 'revoked') answer = told;
      }
      // Only what was revoked: the user may have signed in anew meanwhile.
      await records.delete(id, { version });
      events?.emit('oauth.grant_revoked', { user, provider, atProvider: answer === 'revoked' });
      return answer;
    },

    async remove(user, provider) {
      const removed = await records.delete(grantId(user, provider));
      if (removed) events?.emit('oauth.grant_removed', { user, provider });
      return removed;
    },

    async reseal({ cursor, limit = 100 } = {}) {
      const page = await records.scan({ limit, cursor });
      const done = await Promise.all(page.items.map(({ record, version }) => resealOne(record, version)));
      const count = (wanted: string): number => done.filter((each) => each === wanted).length;
      return { resealed: count('resealed'), unreadable: count('unreadable'), cursor: page.cursor };
    },
  };
}
