import {
  type Clock,
  type Collection,
  type CollectionDefinition,
  decodeBase64url,
  encodeBase64url,
  type EventSink,
  invalidOption,
  modify,
  type ResponseSink,
  Secret,
  sha256,
  type StoredRecord,
} from '@portcullis/core';
import { type ApiKey, type ApiKeyRecord, type ApiKeySettings, toApiKey } from './api-key.js';
import { type ApiKeyEvents, keyFacts } from './api-key-events.js';
import { ApiKeyError, invalidInput } from './errors.js';
import type { KeyFormat } from './key-format.js';
import { checkOwner, parseSettings } from './key-settings.js';

/** A key to make. */
export interface NewApiKey<E extends string = string> extends ApiKeySettings {
  /** Who the key acts for: the id of the principal. 1 to 255 bytes. It never changes. */
  readonly owner: string;
  /** The owner's tenant. It never changes. */
  readonly tenant?: string | undefined;
  /** Default: the first that this instance accepts. */
  readonly environment?: E | undefined;
}

/** A key of another system, known by its hash. */
export interface ForeignApiKey<E extends string = string> extends NewApiKey<E> {
  /** SHA-256 of what `parseImported` makes of the key's text: 64 hexadecimal digits, or 43 characters of base64url. */
  readonly hash: string;
  /** When the other system made it. Default: now. */
  readonly createdAt?: number | undefined;
}

/** A key with its plaintext, which is never there again. */
export interface IssuedApiKey<E extends string = string> {
  /** Show it once, to its owner: `key.reveal()`. */
  readonly key: Secret;
  readonly record: ApiKey<E>;
}

/** Where the plaintext is going. */
export interface IssueOptions {
  /** The response that will carry the plaintext: it is marked `Cache-Control: no-store`. */
  readonly response?: ResponseSink | undefined;
}

/** One owner's fence: its version changes with each revocation of all of the owner's keys. */
export type ApiKeyFence = StoredRecord;

/** Where fences are kept, for an hour each. For migrations. */
export const apiKeyFenceCollection: CollectionDefinition<ApiKeyFence> = /* @__PURE__ */ Object.freeze({
  name: 'api_key_fences',
});

const fenceMs = 3_600_000;

/** What making and managing keys needs. */
export interface KeyStore<E extends string> {
  readonly keys: Collection<ApiKeyRecord>;
  readonly fences: Collection<ApiKeyFence>;
  readonly format: KeyFormat<E>;
  readonly accept: readonly E[];
  readonly retentionMs: number;
  readonly events: EventSink<ApiKeyEvents>;
  readonly clock: Clock;
}

/** Puts up an owner's fence: a creation that is under way then undoes itself. */
export async function raiseFence({ fences, clock }: KeyStore<string>, owner: string): Promise<void> {
  const now = clock();
  await modify(fences, owner, (fence) => ({ id: owner, createdAt: fence?.createdAt ?? now, expiresAt: now + fenceMs }));
}

/** When the record of a key that ends at `end` may be forgotten. */
export function recordExpiry(end: number | undefined, retentionMs: number): number | undefined {
  return end === undefined || retentionMs === Infinity
    ? undefined
    : Math.min(end + retentionMs, Number.MAX_SAFE_INTEGER);
}

/** The environment of a key to make. */
function environmentOf<E extends string>({ format, accept }: KeyStore<E>, environment: E | undefined): E {
  const chosen = environment ?? (accept[0] as E);
  if (!format.environments.includes(chosen))
    throw invalidInput('environment', `use one of ${format.environments.join(', ')}`);
  return chosen;
}

/**
 * Stores a record unless the owner's keys were all revoked meanwhile. The fence is read before and after, and compared
 * by its version, so that no two clocks need to agree: whoever revokes puts up the fence first, then revokes what it
 * finds.
 */
async function store(
  { keys, fences }: Pick<KeyStore<string>, 'keys' | 'fences'>,
  record: ApiKeyRecord,
): Promise<ApiKeyRecord | undefined> {
  const { owner } = record;
  const before = await fences.get(owner, { fresh: true });
  const version = await keys.create(record);
  if (version === undefined) return undefined;
  const after = await fences.get(owner, { fresh: true });
  if (after !== undefined && after.version !== before?.version) {
    await keys.delete(record.id, { version });
    throw new ApiKeyError('owner_revoked');
  }
  return record;
}

/** What a key to make has beside its id and hash, checked. */
function draftOf<E extends string>(
  parts: KeyStore<E>,
  input: NewApiKey<E>,
  now: number,
): Omit<ApiKeyRecord, 'id' | 'hash'> & { readonly environment: E } {
  const { owner, tenant } = input;
  checkOwner(owner, tenant);
  const environment = environmentOf(parts, input.environment);
  const settings = parseSettings(input, now);
  const expiresAt = recordExpiry(settings.keyExpiresAt, parts.retentionMs);
  return { ...settings, createdAt: now, expiresAt, environment, owner, tenant };
}

function announce<E extends string>({ events }: KeyStore<E>, record: ApiKeyRecord): ApiKey<E> {
  const key = toApiKey<E>(record);
  events.emit('api_key.created', { ...keyFacts(record), imported: key.imported, expiresAt: key.expiresAt });
  return key;
}

/** Makes a key. */
export async function createKey<E extends string>(
  parts: KeyStore<E>,
  input: NewApiKey<E>,
  options: IssueOptions = {},
): Promise<IssuedApiKey<E>> {
  const { format } = parts;
  const draft = draftOf(parts, input, parts.clock());
  let plaintext = '';
  const attempt = (): Promise<ApiKeyRecord | undefined> => {
    const id = format.mintId();
    plaintext = format.mint(draft.environment, id);
    return store(parts, { ...draft, id, hash: sha256(plaintext) });
  };
  // An id that lives already is one chance in millions; a generator that repeats itself must not go on for ever.
  const record = (await attempt()) ?? (await attempt()) ?? (await attempt());
  if (record === undefined) throw invalidOption('random', 'it repeats itself; use a cryptographic generator');
  const key = announce(parts, record);
  options.response?.append('cache-control', 'no-store');
  return { key: new Secret(plaintext), record: key };
}

/** A SHA-256 in either spelling, as base64url. */
function parseHash(hash: string): string {
  if (typeof hash === 'string' && /^[\da-f]{64}$/i.test(hash)) {
    return encodeBase64url(
      Uint8Array.from({ length: 32 }, (_, at) => Number.parseInt(hash.slice(at * 2, at * 2 + 2), 16)),
    );
  }
  if (typeof hash === 'string' && hash.length === 43 && decodeBase64url(hash) !== undefined) return hash;
  throw invalidInput('hash', 'give a SHA-256 as 64 hexadecimal digits or 43 characters of base64url');
}

/** Takes over a key of another system by its hash. */
export async function importKey<E extends string>(parts: KeyStore<E>, input: ForeignApiKey<E>): Promise<ApiKey<E>> {
  const now = parts.clock();
  const draft = draftOf(parts, input, now);
  const { createdAt = now } = input;
  if (!Number.isSafeInteger(createdAt) || createdAt < 0 || createdAt > now) {
    throw invalidInput('createdAt', 'give a time that is past, in absolute milliseconds');
  }
  const hash = parseHash(input.hash);
  const record = await store(parts, { ...draft, id: hash, createdAt, hash, imported: true });
  if (record === undefined) throw new ApiKeyError('key_exists');
  return announce(parts, record);
}
