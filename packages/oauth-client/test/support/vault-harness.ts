import { type Clock, createEvents, createMemoryStorage, type KeyRing, type Storage } from '@portcullis/core';
import { type FakeClock, fakeClock } from '@portcullis-internal/testkit';
import type { ClientCredential } from '../../src/provider.js';
import { createConnection } from '../../src/connection/create-connection.js';
import { createTokenVault } from '../../src/vault/create-token-vault.js';
import type { TokenVault, TokenVaultOptions } from '../../src/vault/token-vault.js';
import type { VaultEvents } from '../../src/vault/vault-events.js';
import { faultyStorage } from './faulty-storage.js';
import { rotatingProvider } from './rotating-provider.js';
import { testProvider } from './test-provider.js';

const bytes = (seed: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, index) => (index * 7 + seed) % 256);

export const ring: KeyRing = { current: 'k1', keys: { k1: bytes(1) } };
export const newRing: KeyRing = { current: 'k2', keys: { k1: bytes(1), k2: bytes(2) } };

/** One macrotask: lets others run, without a timer. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export type Heard = { readonly type: string } & Record<string, unknown>;

export interface Harness {
  readonly clock: FakeClock;
  readonly provider: ReturnType<typeof rotatingProvider>;
  readonly memory: Storage;
  readonly heard: Heard[];
  /** A vault as another process has it: only the storage is shared. */
  vault(changes?: Partial<TokenVaultOptions> & { readonly clientId?: string }): TokenVault;
  readonly setFault: ReturnType<typeof faultyStorage>['setFault'];
  readonly faulty: Storage;
}

export function harness({ rotates = true, credential = { secret: 's3cret' } as ClientCredential } = {}): Harness {
  const clock = fakeClock();
  const provider = rotatingProvider(clock, { rotates });
  const memory = createMemoryStorage({ clock });
  const { storage: faulty, setFault } = faultyStorage(memory);
  const heard: Heard[] = [];
  const events = createEvents<VaultEvents>({ clock });
  events.on('*', (event) => heard.push({ ...event }));
  return {
    clock,
    provider,
    memory,
    heard,
    faulty,
    setFault,
    vault({ clientId = 'app', ...changes } = {}) {
      const connection = createConnection(
        'example',
        { provider: testProvider(), clientId, credential },
        { clock: clock as Clock, fetch: provider.fetch },
      );
      return createTokenVault({
        storage: faulty,
        encryptionKeys: ring,
        connections: [connection],
        clock,
        events,
        wait: turn,
        ...changes,
      });
    },
  };
}
