import type { Environment, EventSink, KeyRing, Storage } from '@portcullis/core';
import type { Connection } from '../connection/connection.js';
import type { TokenSet } from '../token-set.js';
import type { AccessToken, TokenCall } from '../tokens/access-token.js';
import type { AuthorizedFetch, AuthorizedFetchOptions } from '../tokens/authorized-fetch.js';
import type { Wait } from '../tokens/wait.js';
import type { VaultEvents } from './vault-events.js';

/** What `createTokenVault` takes. */
export interface TokenVaultOptions extends Pick<Environment, 'clock' | 'random'> {
  readonly storage: Storage;
  /** Keys of 32 bytes that seal the tokens in the storage (AES-256-GCM). Keep them elsewhere than the database. */
  readonly encryptionKeys: KeyRing;
  /** By the names that records and calls use. */
  readonly connections: Iterable<Connection>;
  /** How long before its end a token is renewed, milliseconds: 0 to an hour, default a minute, at most a fifth of the token's life. */
  readonly renewAheadMs?: number;
  /**
   * How long a process may take to renew before another believes it dead, milliseconds: 1,000 to 300,000, default 20,000. The provider is given three
   * quarters of it.
   */
  readonly leaseMs?: number;
  readonly events?: EventSink<VaultEvents>;
  /** How to wait while another process renews. Default: the runtime's timer. */
  readonly wait?: Wait;
}

/** What a user granted, to be kept. */
export interface GrantToStore {
  readonly user: string;
  /** The connection's name. */
  readonly provider: string;
  readonly tokens: TokenSet;
  /** The user's id at the provider. Default: the ID token's `sub`. It lets a new sign-in without a refresh token go on with the old one. */
  readonly subject?: string;
  /** The key that the tokens are bound to, where it is not the registration's: see `bindConnection`. Kept, sealed, with them; exportable. */
  readonly dpopKey?: CryptoKeyPair;
}

/** A grant for a page of connected accounts: no token in it. */
export interface Grant {
  readonly provider: string;
  /** `ended`: the user has to sign in there again. */
  readonly state: 'active' | 'ended';
  readonly scopes: readonly string[];
  /** Whether there is a refresh token. */
  readonly renewable: boolean;
  /** When the user first granted it, absolute milliseconds. */
  readonly createdAt: number;
  /** When the tokens came, absolute milliseconds. */
  readonly obtainedAt: number;
  /** When the access token ends, absolute milliseconds. */
  readonly expiresAt?: number | undefined;
}

/** Providers' tokens of users. */
export interface TokenVault {
  /** Keeps what a user granted, in place of what they granted there before. @throws {OAuthError} `invalid_option` */
  store(grant: GrantToStore): Promise<void>;
  /**
   * A token that is good now: renewed before its end, once for all callers in all processes.
   * @throws {OAuthError} `reauthentication_required` when the user has to sign in again; `provider_unavailable` when the token has expired and the
   *   provider does not answer; `grant_unreadable`
   * @throws {StorageUnavailableError}
   */
  accessToken(user: string, provider: string, call?: TokenCall): Promise<AccessToken>;
  /** A fetch that sends the user's token to the provider's API. @throws {OAuthError} `invalid_option` */
  fetch(user: string, provider: string, options?: AuthorizedFetchOptions): AuthorizedFetch;
  list(user: string): Promise<readonly Grant[]>;
  /**
   * Ends a grant: at once here, then at the provider (RFC 7009), then the record is deleted. Where the provider cannot be told, the grant stays
   * ended and `revoke` can be called again.
   * @returns `absent` when there was none; `local` when the provider takes no revocations
   * @throws {OAuthError} `provider_unavailable`
   */
  revoke(user: string, provider: string, call?: TokenCall): Promise<'revoked' | 'local' | 'absent'>;
  /** Deletes what is kept, without a word to the provider. */
  remove(user: string, provider: string): Promise<boolean>;
  /**
   * Seals a page of grants anew whose key is no longer the current one. Go through all pages, and then the old key can leave the ring.
   * @param page `limit` 1 to 1,000, default 100
   */
  reseal(page?: { readonly cursor?: string | undefined; readonly limit?: number }): Promise<{
    readonly resealed: number;
    /** Grants that no key of the ring opens. */
    readonly unreadable: number;
    readonly cursor?: string | undefined;
  }>;
}
