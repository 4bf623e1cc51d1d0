import { CoreError, modify, type RevocationSignal, Secret, sha256, type Stored } from '@portcullis/core';
import { type ApiKey, type ApiKeyRecord, type ApiKeySettings, toApiKey } from './api-key.js';
import { keyFacts } from './api-key-events.js';
import { ApiKeyError, invalidInput } from './errors.js';
import { type IssuedApiKey, type IssueOptions, type KeyStore, raiseFence, recordExpiry } from './issue-keys.js';
import { checkExpiry, checkReason, parseSettings, settingNames } from './key-settings.js';
import { compareHashes, importedText, type ParseImported } from './verify-key.js';

/** Whose key it must be. */
export interface OwnerCheck {
  /** With it, a key of anybody else counts as not found: the answer to an id that came from a client. */
  readonly owner?: string | undefined;
}

/** How a key is rotated. */
export interface RotateOptions extends OwnerCheck, IssueOptions {
  /** How long the key until now is accepted too, in milliseconds, 0 to 90 days. After a leak: 0, or revoke. */
  readonly graceMs: number;
  /** A new expiry. Default: the one it has. */
  readonly expiresAt?: number | undefined;
}

/** How a key is revoked. */
export interface RevokeOptions extends OwnerCheck {
  /** Why, for whoever asks later: `leaked`, `employee left`. 1 to 200 characters, no secrets. */
  readonly reason: string;
}

/** Which keys of an owner are revoked, and why. */
export interface RevokeAllOptions extends Pick<RevokeOptions, 'reason'> {
  /** The id of a key to spare: the one that asks. */
  readonly except?: string | undefined;
}

/** Changes to a key: what is left out stays, `null` takes a setting away. */
export type ApiKeyChanges = { readonly [K in keyof ApiKeySettings]?: ApiKeySettings[K] | null };

/** Where a key was found in public. */
export interface LeakReport {
  readonly url?: string | undefined;
  readonly source?: string | undefined;
}

/** What changing keys needs. */
export interface ChangeParts<E extends string> extends KeyStore<E> {
  readonly signal: RevocationSignal;
  readonly parseImported: ParseImported;
}

const maxGraceMs = 90 * 86_400_000;
/** Settings whose change ends what an open stream was allowed. */
const rights: ReadonlySet<string> = new Set(['scopes', 'expiresAt', 'allowedAddresses']);
function found(record: ApiKeyRecord | undefined, owner: string | undefined): ApiKeyRecord {
  if (record === undefined || (owner !== undefined && record.owner !== owner)) throw new ApiKeyError('key_not_found');
  return record;
}

function living(record: ApiKeyRecord | undefined, owner: string | undefined): ApiKeyRecord {
  const own = found(record, owner);
  if (own.revokedAt !== undefined) throw new ApiKeyError('key_revoked');
  return own;
}

/** `modify` of a record that must be there. */
async function change(
  parts: Pick<KeyStore<string>, 'keys'>,
  id: string,
  next: (record: ApiKeyRecord | undefined) => ApiKeyRecord | undefined,
): Promise<ApiKeyRecord> {
  const changed: Stored<ApiKeyRecord> | undefined = await modify(parts.keys, id, next);
  return found(changed?.record, undefined);
}

/**
 * Gives a key a new secret in one compare-and-set. A second rotation that raced it loses, so that no key's grace is cut
 * short unseen.
 */
export async function rotateKey<E extends string>(
  parts: ChangeParts<E>,
  id: string,
  options: RotateOptions,
): Promise<IssuedApiKey<E>> {
  const { format, clock, events, signal, retentionMs } = parts;
  const { graceMs, expiresAt, owner } = options;
  if (!Number.isSafeInteger(graceMs) || graceMs < 0 || graceMs > maxGraceMs) {
    throw invalidInput('graceMs', 'give whole milliseconds from 0 to 7,776,000,000 (90 days)');
  }
  const now = clock();
  if (expiresAt !== undefined) checkExpiry(expiresAt, now);
  let plaintext = '';
  let first: string | undefined;
  const record = await change(parts, id, (current) => {
    const own = living(current, owner);
    if (own.imported === true) throw new ApiKeyError('key_imported');
    first ??= own.hash;
    if (own.hash !== first) throw new ApiKeyError('rotation_conflict');
    if (plaintext === '') plaintext = format.mint(own.environment as E, own.id);
    const keyExpiresAt = expiresAt ?? own.keyExpiresAt;
    if (keyExpiresAt !== undefined && keyExpiresAt <= now)
      throw invalidInput('expiresAt', 'the key has expired; give a new expiry');
    // A longer life is the new key's, not the old one's.
    const graceExpiresAt = Math.min(now + graceMs, own.keyExpiresAt ?? Infinity);
    return {
      ...own,
      hash: sha256(plaintext),
      ...(graceMs === 0
        ? { previousHash: undefined, graceExpiresAt: undefined }
        : { previousHash: own.hash, graceExpiresAt }),
      keyExpiresAt,
      expiresAt: recordExpiry(keyExpiresAt, retentionMs),
      rotatedAt: now,
    };
  });
  events.emit('api_key.rotated', { ...keyFacts(record), graceExpiresAt: record.graceExpiresAt ?? now });
  await signal.tell(id);
  options.response?.append('cache-control', 'no-store');
  return { key: new Secret(plaintext), record: toApiKey<E>(record) };
}

/** What is left of a key that is revoked now. */
function tombstone({ clock, retentionMs }: KeyStore<string>, record: ApiKeyRecord, reason: string): ApiKeyRecord {
  const now = clock();
  return { ...record, revokedAt: now, revokedReason: reason, expiresAt: recordExpiry(now, retentionMs) };
}

/** Makes a key's record its tombstone. A second revocation changes nothing. */
export async function revokeKey<E extends string>(
  parts: ChangeParts<E>,
  id: string,
  options: RevokeOptions,
): Promise<ApiKey<E>> {
  const { reason, owner } = options;
  checkReason(reason);
  let done = false;
  const record = await change(parts, id, (current) => {
    const own = found(current, owner);
    done = own.revokedAt === undefined;
    return done ? tombstone(parts, own, reason) : undefined;
  });
  if (done) parts.events.emit('api_key.revoked', { ...keyFacts(record), reason });
  // Again for one that was revoked before: its revoker may have died between the two steps.
  await parts.signal.tell(id);
  return toApiKey<E>(record);
}

/**
 * Revokes every key of an owner. The fence goes up first: a creation under way is either found here or undoes itself.
 */
export async function revokeAllKeys<E extends string>(
  parts: ChangeParts<E>,
  owner: string,
  options: RevokeAllOptions,
): Promise<number> {
  const { reason, except } = options;
  checkReason(reason);
  await raiseFence(parts, owner);
  let count = 0;
  let cursor: string | undefined;
  do {
    const page = await parts.keys.list({ index: 'owner', value: owner, limit: 100, cursor });
    for (const { record } of page.items) {
      if (record.revokedAt !== undefined || record.id === except) continue;
      try {
        await revokeKey(parts, record.id, { reason });
        count += 1;
      } catch (error) {
        // Its record ran out meanwhile: a key that is gone is as good as revoked.
        if (!(error instanceof ApiKeyError && error.code === 'key_not_found')) throw error;
      }
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  parts.events.emit('api_key.owner_revoked', { owner, keys: count, reason });
  return count;
}

/** Changes a key's settings. */
export async function updateKey<E extends string>(
  parts: ChangeParts<E>,
  id: string,
  { owner, ...changes }: ApiKeyChanges & OwnerCheck,
): Promise<ApiKey<E>> {
  const changed = settingNames.filter((name) => changes[name] !== undefined);
  const unknown = Object.keys(changes).find((name) => !settingNames.includes(name as keyof ApiKeySettings));
  if (unknown !== undefined) throw invalidInput('changes', `only ${settingNames.join(', ')} can be changed`);
  const next = parseSettings(changes, parts.clock(), true);
  const record = await change(parts, id, (current) => {
    const merged = { ...living(current, owner), ...next };
    return { ...merged, expiresAt: recordExpiry(merged.keyExpiresAt, parts.retentionMs) };
  });
  if (changed.length > 0) parts.events.emit('api_key.updated', { ...keyFacts(record), changed });
  if (changed.some((name) => rights.has(name))) await parts.signal.tell(id);
  return toApiKey<E>(record);
}

/** The record that a plaintext belongs to, by its current hash or the previous one. */
interface Match {
  readonly id: string;
  readonly hash: string;
}

/** Which record a plaintext belongs to, dead or alive, in any environment. Read past every cache. */
async function matchKey<E extends string>(
  { format, keys, parseImported }: ChangeParts<E>,
  plaintext: string,
): Promise<Match | undefined> {
  const shape = format.shapeOf(plaintext);
  const text = shape === undefined ? importedText(parseImported, plaintext) : plaintext;
  if (text === undefined) return undefined;
  const hash = sha256(text);
  const id = shape === undefined ? hash : format.idOf(plaintext, shape);
  const stored = await keys.get(id, { fresh: true });
  return compareHashes(hash, stored?.record) === 0 ? undefined : { id, hash };
}

/**
 * Ends a key that was found in public: the one before a rotation loses its grace, any other is revoked. Which of the
 * two it is gets decided in the same compare-and-set, so that a rotation that races the report does not cost its new
 * key.
 */
export async function revokeLeakedKey<E extends string>(
  parts: ChangeParts<E>,
  plaintext: string,
  { url, source }: LeakReport = {},
): Promise<ApiKey<E> | undefined> {
  const { events, signal } = parts;
  const match = await matchKey(parts, plaintext);
  if (match === undefined) return undefined;
  let ended: 'key' | 'grace' | undefined;
  const record = await change(parts, match.id, (current) => {
    const own = found(current, undefined);
    ended = undefined;
    if (own.revokedAt !== undefined) return undefined;
    if (own.hash === match.hash) {
      ended = 'key';
      return tombstone(parts, own, 'leaked');
    }
    if (own.previousHash !== match.hash) return undefined;
    ended = 'grace';
    return { ...own, previousHash: undefined, graceExpiresAt: undefined };
  });
  events.emit('api_key.leaked', { ...keyFacts(record), ended, url, source });
  if (ended === 'key') events.emit('api_key.revoked', { ...keyFacts(record), reason: 'leaked' });
  await signal.tell(match.id);
  return toApiKey<E>(record);
}

/** The keys of an owner or a tenant, newest first. */
export interface ListKeysQuery {
  readonly cursor?: string | undefined;
  /** 1 to 1000. Default 100. */
  readonly limit?: number | undefined;
}

/** Whose keys to list. */
export type KeysOf = { readonly owner: string } | { readonly tenant: string };

/** One page of keys, tombstones among them. */
export async function listKeys<E extends string>(
  { keys }: Pick<KeyStore<E>, 'keys'>,
  query: KeysOf & ListKeysQuery,
): Promise<{ readonly items: readonly ApiKey<E>[]; readonly cursor: string | undefined }> {
  const { limit = 100, cursor } = query;
  const [index, value] = 'owner' in query ? (['owner', query.owner] as const) : (['tenant', query.tenant] as const);
  // An owner that a caller forgot must not become a question about everybody.
  if (typeof value !== 'string') throw new CoreError('invalid_option', 'list: give owner or tenant');
  const page = await keys.list({ index, value, limit, cursor });
  return { items: page.items.map(({ record }) => toApiKey<E>(record)), cursor: page.cursor };
}
