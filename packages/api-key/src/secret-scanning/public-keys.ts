import type { Clock, Fetch } from '@portcullis/core';
import { readLimited } from '@portcullis/core/fetch';
import { decodeBase64 } from './ecdsa-signature.js';

/** The public keys of a sender, by identifier. */
export interface PublicKeys {
  /** `undefined`: the sender has no such key. Rejects when the keys cannot be fetched. */
  find(identifier: string): Promise<CryptoKey | undefined>;
}

/** What `createPublicKeys` takes. */
export interface PublicKeysOptions {
  readonly url: string;
  readonly token: string | undefined;
  readonly fetch: Fetch;
  readonly clock: Clock;
}

const freshMs = 3_600_000;
/** How soon an identifier that nobody knows may cause another fetch. */
const retryMs = 60_000;
const maxBytes = 65_536;

async function importPem(pem: string): Promise<CryptoKey> {
  const der = decodeBase64(pem.replace(/-----[A-Z ]+-----|\s/g, ''));
  if (der === undefined) throw new TypeError('A public key is not PEM.');
  return crypto.subtle.importKey('spki', der, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
}

function isListing(value: unknown): value is { readonly public_keys: readonly unknown[] } {
  return typeof value === 'object' && value !== null && Array.isArray((value as { public_keys?: unknown }).public_keys);
}

function isKey(value: unknown): value is { readonly key_identifier: string; readonly key: string } {
  const { key_identifier, key } = (value ?? {}) as { key_identifier?: unknown; key?: unknown };
  return typeof key_identifier === 'string' && typeof key === 'string';
}

/**
 * Fetches the keys once an hour, in one request however many ask. An unknown identifier fetches again, at most once a
 * minute, since whoever sends junk chooses it. While the sender's list cannot be had, the keys that are known go on
 * serving.
 */
export function createPublicKeys({ url, token, fetch, clock }: PublicKeysOptions): PublicKeys {
  let known: ReadonlyMap<string, CryptoKey> = new Map();
  let fetchedAt = -Infinity;
  let triedAt = -Infinity;
  let fetching: Promise<void> | undefined;

  async function load(): Promise<void> {
    const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'portcullis' };
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    const response = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(5_000) });
    const bytes = response.ok ? await readLimited(response, maxBytes) : undefined;
    const listing: unknown = bytes === undefined ? undefined : JSON.parse(new TextDecoder().decode(bytes));
    if (!isListing(listing)) throw new TypeError('The list of public keys could not be read.');
    const entries = await Promise.all(
      listing.public_keys
        .filter(isKey)
        .map(async (entry) => [entry.key_identifier, await importPem(entry.key)] as const),
    );
    known = new Map(entries);
    fetchedAt = clock();
  }

  function refresh(): Promise<void> {
    if (fetching === undefined) {
      triedAt = clock();
      fetching = load().finally(() => {
        fetching = undefined;
      });
    }
    return fetching;
  }

  return {
    async find(identifier) {
      const now = clock();
      const stale = now - fetchedAt >= freshMs || !known.has(identifier);
      if (stale && (fetching !== undefined || now - triedAt >= retryMs)) {
        try {
          await refresh();
        } catch (error) {
          if (!known.has(identifier)) throw error;
        }
      }
      // Not "no such key" while nobody could say which there are.
      if (fetchedAt === -Infinity) throw new TypeError('The public keys could not be fetched yet.');
      return known.get(identifier);
    },
  };
}
