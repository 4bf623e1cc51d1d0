import { createHmac, type Hmac, type KeyRing, parseKeyRing, utf8 } from '@portcullis/core';

/** What one generation's MAC is made of. */
export interface RefreshMacInput {
  /** The family's 256-bit seed in base64url; it never leaves the row. */
  readonly seed: string;
  readonly family: string;
  readonly generation: number;
}

/** The MACs of refresh tokens under a ring of server keys. */
export interface RefreshMacs {
  /** The id of the key that new generations are made with. */
  readonly current: string;
  has(keyId: string): boolean;
  /** The MAC under a key of the ring, or `undefined` when the ring has no such key. */
  make(keyId: string, input: RefreshMacInput): string | undefined;
  /** Compares in constant time; `undefined` when the ring has no such key. */
  verify(keyId: string, input: RefreshMacInput, mac: string): boolean | undefined;
}

const context = 'portcullis refresh v1';

/** Each part with its length in front of it, so that no two inputs run together into one message. */
export function refreshMacMessage({ seed, family, generation }: RefreshMacInput): Uint8Array {
  const parts = [context, seed, family, String(generation)].map((part) => utf8(part));
  const message = new Uint8Array(parts.reduce((total, part) => total + 4 + part.length, 0));
  const view = new DataView(message.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length);
    message.set(part, at + 4);
    at += 4 + part.length;
  }
  return message;
}

/**
 * The MACs under `ring`. The seed is in the database and the key is not, so that neither alone gives a token.
 * @throws {CoreError} `invalid_option` for a key below 32 bytes.
 */
export function createRefreshMacs(ring: KeyRing): RefreshMacs {
  const { current, keys } = parseKeyRing('refresh.keys', ring, { minBytes: 32, maxBytes: 1024 });
  const macs = new Map<string, Hmac>([...keys].map(([id, key]) => [id, createHmac(key)]));
  return Object.freeze({
    current,
    has: (keyId: string) => macs.has(keyId),
    make: (keyId: string, input: RefreshMacInput) => macs.get(keyId)?.text(refreshMacMessage(input)),
    verify: (keyId: string, input: RefreshMacInput, mac: string) =>
      macs.get(keyId)?.verify(refreshMacMessage(input), mac),
  });
}
