import { type Clock, isPortcullisError } from '@portcullis/core';
import { whileWanted } from '../connection/while-wanted.js';
import type { AccessToken, TokenCall } from './access-token.js';
import { quietMs, renewalTime, settledMs } from './renewal.js';

/** Access tokens by what they were asked for. */
export interface TokenCache {
  /**
   * The token of a key: from memory while it is good, else loaded once for all who wait. Renewed early; when that fails, the old one serves
   * until it expires.
   * @param refused a token that the API did not take: another is loaded, unless it has just been
   */
  get(
    key: string,
    load: () => Promise<AccessToken>,
    call?: TokenCall & { readonly refused?: string },
  ): Promise<AccessToken>;
}

interface Entry {
  readonly token: AccessToken;
  readonly obtainedAt: number;
  readonly endsAt: number;
  readonly renewAt: number;
}

/** Makes a cache of at most `max` tokens: the one that was used least recently goes first. */
export function createTokenCache({
  clock,
  max,
  renewAheadMs,
  assumedLifetimeMs,
}: {
  readonly clock: Clock;
  readonly max: number;
  readonly renewAheadMs: number;
  readonly assumedLifetimeMs: number;
}): TokenCache {
  const entries = new Map<string, Entry>();
  const flights = new Map<string, Promise<AccessToken>>();

  function keep(key: string, entry: Entry): void {
    entries.delete(key);
    entries.set(key, entry);
    for (const oldest of entries.keys()) {
      if (entries.size <= max) break;
      entries.delete(oldest);
    }
  }

  async function renew(
    key: string,
    load: () => Promise<AccessToken>,
    refused: string | undefined,
  ): Promise<AccessToken> {
    try {
      const obtainedAt = clock();
      const token = await load();
      const endsAt = token.expiresAt ?? obtainedAt + assumedLifetimeMs;
      keep(key, { token, obtainedAt, endsAt, renewAt: renewalTime(obtainedAt, endsAt, renewAheadMs) });
      return token;
    } catch (error) {
      const held = entries.get(key);
      const now = clock();
      const serves = held !== undefined && now < held.endsAt && held.token.token.reveal() !== refused;
      if (!serves || !isPortcullisError(error)) throw error;
      entries.set(key, { ...held, renewAt: now + quietMs });
      return held.token;
    } finally {
      flights.delete(key);
    }
  }

  return {
    get(key, load, { refused, signal } = {}) {
      const held = entries.get(key);
      const now = clock();
      if (held !== undefined && now < held.renewAt && now < held.endsAt) {
        if (held.token.token.reveal() !== refused || now - held.obtainedAt < settledMs) {
          keep(key, held);
          return Promise.resolve(held.token);
        }
      }
      let flight = flights.get(key);
      if (flight === undefined) {
        flight = renew(key, load, refused);
        flights.set(key, flight);
      }
      return whileWanted(flight, signal);
    },
  };
}
