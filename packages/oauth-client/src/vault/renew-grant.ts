import {
  type Clock,
  type Collection,
  type EventSink,
  isPortcullisError,
  modify,
  Secret,
  StorageUnavailableError,
  type Stored,
} from '@portcullis/core';
import type * as oauth from 'oauth4webapi';
import type { Connection } from '../connection/connection.js';
import { OAuthError } from '../errors.js';
import type { TokenSet } from '../token-set.js';
import type { AccessToken } from '../tokens/access-token.js';
import { quietMs, renewalTime, settledMs } from '../tokens/renewal.js';
import { requestTokens } from '../tokens/request-tokens.js';
import { revokeToken } from '../tokens/revoke-token.js';
import { tokenParameters } from '../tokens/token-parameters.js';
import type { Wait } from '../tokens/wait.js';
import type { GrantRecord } from './grant-record.js';
import type { GrantSeal, GrantSecrets } from './grant-seal.js';
import type { GrantEnd, VaultEvents } from './vault-events.js';

/** A grant's token with what signs its proofs. */
export interface HeldGrant {
  readonly access: AccessToken;
  readonly dpop?: oauth.DPoPHandle | undefined;
}

/** What a renewal works with. */
export interface RenewalParts {
  readonly records: Collection<GrantRecord>;
  readonly seal: GrantSeal;
  readonly clock: Clock;
  readonly wait: Wait;
  readonly renewAheadMs: number;
  readonly leaseMs: number;
  readonly events: EventSink<VaultEvents> | undefined;
  /** The connection whose proofs are of a grant's own key. */
  readonly bind: (connection: Connection, dpopKey: string | undefined) => Promise<Connection>;
}

/** One call for a grant's token. */
export interface RenewalCall {
  readonly id: string;
  readonly connection: Connection;
  /** The token that the API did not take. */
  readonly refused: string | undefined;
  /** Names this call in the record. */
  readonly holder: string;
  /** Whether a holder is a call of this process that has ended: its attempt is nobody's. */
  readonly isAbandoned: (holder: string) => boolean;
}

/** New tokens and where they belong. */
interface Arrived {
  readonly base: GrantRecord;
  readonly fence: number;
  readonly secrets: GrantSecrets;
  readonly tokens: TokenSet;
  readonly sealed: string;
}

// While another process asks the provider: its answer takes tens of milliseconds at best.
const pollMs = [25, 50, 100, 200] as const;
const saveAgainMs = [20, 100, 400] as const;

/** The error of a grant that is over or was never there. */
function signInAgain(message?: string, providerError?: string): OAuthError {
  return new OAuthError('reauthentication_required', message, { providerError });
}

// An identity that the application named came with no ID token to compare with.
const isToken = (identity: GrantSecrets['identity']): boolean => identity?.iss !== undefined;

const isOutage = (error: unknown): boolean => isPortcullisError(error, 'storage_unavailable');

function renewedSecrets(old: GrantSecrets, tokens: TokenSet): GrantSecrets {
  // A server that gives no refresh token means that the old one goes on (RFC 6749 section 6).
  const refreshToken = tokens.refreshToken?.reveal() ?? old.refreshToken;
  return { ...old, accessToken: tokens.accessToken.reveal(), refreshToken };
}

/**
 * The state machine of a grant's renewal: who may ask the provider, what comes of the answer, and what of a process that died in between. All of
 * its state is in the grant's record, and each step is one compare-and-set of it.
 */
export function createRenewal(parts: RenewalParts): (call: RenewalCall) => Promise<HeldGrant> {
  const { records, seal, clock, wait, events } = parts;
  const unsaved = new Map<string, Arrived>();

  async function held(record: GrantRecord, secrets: GrantSecrets, connection: Connection): Promise<HeldGrant> {
    const access = {
      token: new Secret(secrets.accessToken),
      type: record.tokenType,
      expiresAt: record.accessExpiresAt,
      scopes: record.scopes,
    };
    if (record.tokenType === 'bearer') return { access };
    return { access, dpop: (await parts.bind(connection, secrets.dpopKey)).dpop };
  }

  /** Whether the grant ended by this call; not when somebody brought other tokens meanwhile. */
  async function end(base: GrantRecord, reason: GrantEnd): Promise<boolean> {
    let mine = false;
    await modify(records, base.id, (current): GrantRecord | undefined => {
      mine =
        current !== undefined &&
        current.createdAt === base.createdAt &&
        current.state === 'active' &&
        current.tokensFence === base.tokensFence;
      if (current === undefined || !mine) return undefined;
      return { ...current, state: 'ended', sealed: '', renewable: false, attempt: undefined };
    });
    if (mine) events?.emit('oauth.grant_ended', { user: base.user, provider: base.provider, reason });
    return mine;
  }

  /** Begins an attempt. `undefined`: somebody else wrote first. */
  async function begin({ record, version }: Stored<GrantRecord>, holder: string): Promise<GrantRecord | undefined> {
    const fence = Math.max(record.fence + 1, clock());
    const next: GrantRecord = {
      ...record,
      fence,
      attempt: { fence, holder, heldUntil: clock() + parts.leaseMs },
      uncertain: record.uncertain || record.attempt !== undefined,
    };
    return (await records.update(record.id, version, next)) === undefined ? undefined : next;
  }

  /** Writes tokens that arrived. What stands afterwards is theirs, or newer. */
  async function save({ base, fence, tokens, secrets, sealed }: Arrived): Promise<GrantRecord | undefined> {
    const stored = await modify(records, base.id, (current) => {
      if (current?.state !== 'active' || current.createdAt !== base.createdAt || current.tokensFence >= fence) {
        return undefined;
      }
      return {
        ...current,
        scopes: tokens.scopes,
        tokenType: tokens.tokenType,
        obtainedAt: clock(),
        accessExpiresAt: tokens.expiresAt,
        renewable: secrets.refreshToken !== undefined,
        sealed,
        tokensFence: fence,
        attempt: current.attempt?.fence === fence ? undefined : current.attempt,
        uncertain: false,
        quietUntil: undefined,
      };
    });
    return stored?.record;
  }

  async function saveStubbornly(arrived: Arrived): Promise<GrantRecord | undefined> {
    for (const ms of saveAgainMs) {
      try {
        return await save(arrived);
      } catch (error) {
        if (!isOutage(error)) throw error;
        await wait(ms);
      }
    }
    return save(arrived);
  }

  /** Tells the provider that tokens which nobody will use are not needed; that it could not be told changes nothing here. */
  async function discard({ secrets }: Arrived, connection: Connection): Promise<void> {
    const { refreshToken, accessToken } = secrets;
    await revokeToken(connection, { token: refreshToken ?? accessToken }).catch(() => undefined);
  }

  /** Settles what the write of arrived tokens came to. `undefined`: read the record again. */
  async function settleSaved(
    arrived: Arrived,
    record: GrantRecord | undefined,
    connection: Connection,
  ): Promise<HeldGrant | undefined> {
    const { base, fence, secrets, tokens } = arrived;
    if (record?.tokensFence === fence && record.sealed === arrived.sealed) {
      const rotated = tokens.refreshToken !== undefined;
      events?.emit('oauth.grant_renewed', {
        user: base.user,
        provider: base.provider,
        rotated,
        recovered: base.uncertain,
      });
      return held(record, secrets, connection);
    }
    // Revoked, removed or replaced by another sign-in while the provider was asked. A later attempt's tokens may descend from these.
    if (record?.state !== 'active' || record.createdAt !== base.createdAt) await discard(arrived, connection);
    return undefined;
  }

  async function failed(base: GrantRecord, error: unknown): Promise<void> {
    const known = error instanceof OAuthError ? error : undefined;
    events?.emit('oauth.grant_renewal_failed', {
      user: base.user,
      provider: base.provider,
      code: known?.code ?? 'unknown',
      providerError: known?.providerError,
    });
    // The lease runs out by itself where this cannot be written.
    try {
      await modify(records, base.id, (current) => {
        if (current === undefined || current.attempt?.fence !== base.fence) return undefined;
        const uncertain = base.uncertain || known?.code !== 'provider_refused';
        return { ...current, attempt: undefined, uncertain, quietUntil: clock() + quietMs };
      });
    } catch (cause) {
      if (!isPortcullisError(cause)) throw cause;
    }
  }

  /** Asks the provider under an attempt. `undefined`: read the record again. */
  async function ask(
    base: GrantRecord,
    old: GrantSecrets,
    { connection }: RenewalCall,
  ): Promise<HeldGrant | undefined> {
    const bound = await parts.bind(connection, old.dpopKey);
    let tokens: TokenSet;
    try {
      tokens = await requestTokens(bound, {
        grantType: 'refresh_token',
        parameters: tokenParameters({ parameters: old.renewalParameters }, { refresh_token: old.refreshToken }),
        scopes: base.scopes,
        ...(connection.provider.openid
          ? { idToken: { previous: isToken(old.identity) ? old.identity : undefined } }
          : {}),
        // What comes after the lease would race with the next holder.
        signal: AbortSignal.timeout(Math.ceil(parts.leaseMs * 0.75)),
      });
    } catch (error) {
      const providerError = error instanceof OAuthError ? error.providerError : undefined;
      if (!isPortcullisError(error, 'provider_refused') || providerError !== 'invalid_grant') {
        await failed(base, error);
        throw error;
      }
      if (!(await end(base, base.uncertain ? 'lost' : 'refused'))) return undefined;
      throw signInAgain(undefined, providerError);
    }
    const secrets = renewedSecrets(old, tokens);
    const arrived = { base, fence: base.fence, secrets, tokens, sealed: await seal.seal(secrets, base) };
    try {
      return await settleSaved(arrived, await saveStubbornly(arrived), connection);
    } catch (error) {
      if (!isPortcullisError(error)) throw error;
      unsaved.set(base.id, arrived);
      events?.emit('oauth.grant_unsaved', { user: base.user, provider: base.provider });
      const record = { ...base, tokenType: tokens.tokenType, accessExpiresAt: tokens.expiresAt, scopes: tokens.scopes };
      return held(record, secrets, connection);
    }
  }

  async function saveLeftovers(id: string, connection: Connection): Promise<void> {
    const arrived = unsaved.get(id);
    if (arrived === undefined) return;
    const record = await save(arrived);
    if (unsaved.get(id) === arrived) unsaved.delete(id);
    await settleSaved(arrived, record, connection);
  }

  async function resealed(
    { record, version }: Stored<GrantRecord>,
    secrets: GrantSecrets,
  ): Promise<Stored<GrantRecord>> {
    if (!seal.isOutdated(record.sealed)) return { record, version };
    try {
      const next = { ...record, sealed: await seal.seal(secrets, record) };
      const written = await records.update(record.id, version, next);
      return written === undefined ? { record, version } : { record: next, version: written };
    } catch (error) {
      if (!isOutage(error)) throw error;
      return { record, version };
    }
  }

  /** One look at the record. `undefined`: look again. */
  async function step(call: RenewalCall, turn: number): Promise<HeldGrant | undefined> {
    const { id, connection, refused } = call;
    await saveLeftovers(id, connection);
    const found = await records.get(id, { fresh: true });
    if (found === undefined)
      throw signInAgain('The user has granted nothing at this provider. They have to sign in there.');
    const isOurs =
      found.record.issuer === connection.provider.issuer && found.record.clientId === connection.client.client_id;
    if (found.record.state !== 'active') throw signInAgain();
    if (!isOurs)
      throw signInAgain('The stored tokens are for another issuer or client id than the one configured now.');
    const secrets = await seal.open(found.record);
    const stored = await resealed(found, secrets);
    const { record } = stored;
    const now = clock();
    const isRefused = secrets.accessToken === refused && now - record.obtainedAt >= settledMs;
    const serves = (): boolean =>
      !isRefused && (record.accessExpiresAt === undefined || clock() < record.accessExpiresAt);
    const isDue = now >= renewalTime(record.obtainedAt, record.accessExpiresAt, parts.renewAheadMs);
    const isQuiet = record.quietUntil !== undefined && now < record.quietUntil;
    if (serves() && (!isDue || isQuiet || !record.renewable)) return held(record, secrets, connection);
    if (!record.renewable) {
      // An API may refuse a token for reasons of its own: only time ends a grant that cannot be renewed.
      if (isRefused && (record.accessExpiresAt === undefined || now < record.accessExpiresAt)) {
        return held(record, secrets, connection);
      }
      if (!(await end(record, 'expired'))) return undefined;
      throw signInAgain('The access token has expired, and the provider gave no refresh token.');
    }
    const { attempt } = record;
    if (attempt !== undefined && now < attempt.heldUntil && !call.isAbandoned(attempt.holder)) {
      if (serves()) return held(record, secrets, connection);
      await wait(Math.min(pollMs[Math.min(turn, pollMs.length - 1)] ?? 0, attempt.heldUntil - now));
      return undefined;
    }
    let begun: GrantRecord | undefined;
    try {
      begun = await begin(stored, call.holder);
      return begun === undefined ? undefined : await ask(begun, secrets, call);
    } catch (error) {
      const passes =
        begun === undefined ? error instanceof StorageUnavailableError || isOutage(error) : isRenewalFault(error);
      if (!passes || !serves()) throw error;
      return held(record, secrets, connection);
    }
  }

  return async (call) => {
    for (let turn = 0; ; turn++) {
      const grant = await step(call, turn);
      if (grant !== undefined) return grant;
    }
  };
}

// What leaves the old access token as good as it was.
function isRenewalFault(error: unknown): boolean {
  return ['provider_unavailable', 'provider_refused', 'provider_misbehaved'].some((code) =>
    isPortcullisError(error, code),
  );
}
