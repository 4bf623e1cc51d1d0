import type { certifiedProvider } from '@portcullis-internal/testkit/oidc';
import { importJWK, type JWK } from 'jose';
import { inject } from 'vitest';

/** A request to the token endpoint, as the provider read it. */
export interface SeenRequest {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly status: number;
}

/** A provider that certified software runs. */
export interface StartedProvider {
  readonly issuer: string;
  close(): Promise<void>;
}

/** A certified authorization server for machines and devices. */
export interface TokenProvider extends StartedProvider {
  /** Signs the assertions of the client `signing`. */
  readonly signingKey: CryptoKey;
  /** Every request so far. */
  seen(): Promise<readonly SeenRequest[]>;
  /** What the user `alice` does at the verification page. */
  approve(userCode: string): Promise<void>;
  decline(userCode: string): Promise<void>;
}

export interface TokenProviderOptions {
  /** Whether proofs must carry the server's nonce. Default: no. */
  readonly dpopNonce?: boolean;
}

declare module 'vitest' {
  interface ProvidedContext {
    /** Where `provider-host.ts` listens, on runtimes that cannot run the provider themselves. */
    readonly providerHost?: string;
  }
}

type Clients = ReturnType<Parameters<typeof certifiedProvider>[0]>;

// Only where it runs: no other runtime can load it. And here, so that no test's time goes on loading it.
const local = inject('providerHost') === undefined ? await import('./local-token-provider.js') : undefined;

async function ask<T>(path: string, body: object = {}): Promise<T> {
  const response = await fetch(`${inject('providerHost')}${path}`, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`provider-host: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

/** The provider in which everyone is signed in as `ada`: in this process, or in Node beside the runtime under test. */
export async function startProvider(clients: Clients): Promise<StartedProvider> {
  if (local !== undefined) return local.certifiedProvider(() => clients);
  const { id, issuer } = await ask<{ id: string; issuer: string }>('/sign-in', { clients });
  return { issuer, close: () => ask(`/${id}/close`) };
}

export async function startTokenProvider(options: TokenProviderOptions = {}): Promise<TokenProvider> {
  if (local !== undefined) return local.startLocalTokenProvider(options);
  const { id, issuer, signingKey } = await ask<{ id: string; issuer: string; signingKey: JWK }>('/tokens', options);
  return {
    issuer,
    signingKey: (await importJWK(signingKey, 'ES256')) as CryptoKey,
    seen: () => ask(`/${id}/seen`),
    approve: (userCode) => ask(`/${id}/approve`, { userCode }),
    decline: (userCode) => ask(`/${id}/decline`, { userCode }),
    close: () => ask(`/${id}/close`),
  };
}
