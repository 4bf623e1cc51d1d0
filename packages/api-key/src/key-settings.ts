import type { ApiKeyQuota, ApiKeyRateLimit, ApiKeyRecord, ApiKeySettings } from './api-key.js';
import { parseCidr } from './cidr.js';
import { invalidInput } from './errors.js';

// The largest integer of a structured field (RFC 9651 section 3.3.1): limits are written into RateLimit fields.
const maxUnits = 999_999_999_999_999;
/** RFC 6749 section 3.3. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/;

function isUnits(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0 && (value as number) <= maxUnits;
}

function checkUnits(property: string, value: unknown): void {
  if (!isUnits(value)) throw invalidInput(property, 'give a positive whole number');
}

function checkText(property: string, value: string, max: number): void {
  if (typeof value !== 'string' || value === '' || value.length > max)
    throw invalidInput(property, `give 1 to ${max} characters`);
  // No storage keeps these (storage contract); a client's text that has them is a client's mistake, not ours.
  if (/[\0\p{Surrogate}]/u.test(value)) throw invalidInput(property, 'NUL and lone surrogates are not text');
}

function checkScopes(scopes: readonly string[]): void {
  if (!Array.isArray(scopes) || scopes.length > 100) throw invalidInput('scopes', 'give a list of at most 100');
  if (!scopes.every((scope) => typeof scope === 'string' && scopeToken.test(scope))) {
    throw invalidInput('scopes', 'use printable ASCII without space, quote and backslash, 1 to 128 characters each');
  }
}

function checkAddresses(blocks: readonly string[]): void {
  if (!Array.isArray(blocks) || blocks.length < 1 || blocks.length > 100) {
    throw invalidInput('allowedAddresses', 'give 1 to 100 blocks; leave it out to allow every address');
  }
  const bad = blocks.findIndex((block) => typeof block !== 'string' || parseCidr(block) === undefined);
  if (bad >= 0) {
    throw invalidInput(
      `allowedAddresses[${bad}]`,
      'use 192.0.2.0/24, 2001:db8::/32 or one address, with no bit set past the prefix',
    );
  }
}

function checkRateLimit({ limit, windowMs, burst }: ApiKeyRateLimit): void {
  checkUnits('rateLimit.limit', limit);
  checkUnits('rateLimit.windowMs', windowMs);
  if (burst !== undefined) checkUnits('rateLimit.burst', burst);
  if (!Number.isSafeInteger(Math.max(limit, burst ?? 1) * windowMs)) {
    throw invalidInput('rateLimit', 'limit and burst times windowMs must stay below 2^53');
  }
}

function checkQuota({ limit, refill, buffered }: ApiKeyQuota): void {
  checkUnits('quota.limit', limit);
  if (buffered !== undefined && typeof buffered !== 'boolean')
    throw invalidInput('quota.buffered', 'give true or false');
  if (refill === undefined) return;
  checkUnits('quota.refill.amount', refill.amount);
  checkUnits('quota.refill.everyMs', refill.everyMs);
  if (refill.amount > limit) throw invalidInput('quota.refill.amount', 'give at most limit');
  if (!Number.isSafeInteger(limit * refill.everyMs))
    throw invalidInput('quota', 'limit times everyMs must stay below 2^53');
}

/** Checks an expiry against the clock: a key that is born dead is a mistake in units. */
export function checkExpiry(expiresAt: number, now: number): void {
  if (!Number.isSafeInteger(expiresAt) || expiresAt <= now) {
    throw invalidInput('expiresAt', 'give a time after now, in absolute milliseconds');
  }
}

function checkMetadata(metadata: object): void {
  if (typeof metadata !== 'object' || JSON.stringify(metadata).length > 4096)
    throw invalidInput('metadata', 'give an object of at most 4,096 characters as JSON');
}

const checks: { readonly [K in keyof Required<ApiKeySettings>]: (value: never, now: number) => void } = {
  name: (name: string) => checkText('name', name, 100),
  scopes: checkScopes,
  expiresAt: checkExpiry,
  allowedAddresses: checkAddresses,
  rateLimit: checkRateLimit,
  quota: checkQuota,
  metadata: checkMetadata,
};

/** Every setting there is. */
export const settingNames = /* @__PURE__ */ Object.keys(checks) as readonly (keyof ApiKeySettings)[];

/** A record's field for a setting. Its own `expiresAt` is another one. */
export type StoredSettings = Pick<
  ApiKeyRecord,
  'name' | 'scopes' | 'keyExpiresAt' | 'allowedAddresses' | 'rateLimit' | 'quota' | 'metadata'
>;

/**
 * The settings that were given, checked, as a record holds them.
 * @param takesAway whether `null` takes one away; else it is a value, and a wrong one.
 * @throws {ApiKeyError} `invalid_key_input`, naming the property, never its value.
 */
export function parseSettings(
  settings: { readonly [K in keyof ApiKeySettings]?: ApiKeySettings[K] | null },
  now: number,
  takesAway = false,
): StoredSettings {
  const stored: Record<string, unknown> = {};
  for (const name of settingNames) {
    const value = settings[name];
    if (value === undefined) continue;
    const gone = value === null && takesAway;
    if (!gone) checks[name](value as never, now);
    stored[name === 'expiresAt' ? 'keyExpiresAt' : name] = gone ? undefined : value;
  }
  return stored;
}

/** Who a key belongs to. Length and characters are the storage's to check. */
export function checkOwner(owner: string, tenant: string | undefined): void {
  checkText('owner', owner, 255);
  if (tenant !== undefined) checkText('tenant', tenant, 255);
}

/** Why a key was revoked: it is stored and reported. */
export function checkReason(reason: string): void {
  checkText('reason', reason, 200);
}
