import type { AlgorithmFacts } from './algorithms.js';
import type { NativeRuntime } from './native-runtime.js';

/** The HMAC of an ASCII text as base64url. */
export type Mac = (ascii: string) => string;

const scratch = 4096;

/**
 * HMAC by two one-shot hashes over pads that are laid out once: half the cost of Node's Hmac object, which is the
 * fallback where the runtime has no one-shot `hash`.
 * @see RFC 2104
 */
export function nativeMac({ crypto, Buffer }: NativeRuntime, { bits }: AlgorithmFacts, secret: Uint8Array): Mac {
  const algorithm = `sha${bits}`;
  const { hash } = crypto;
  if (hash === undefined) {
    const copy = secret.slice();
    return (ascii) => crypto.createHmac(algorithm, copy).update(ascii, 'latin1').digest('base64url');
  }
  const block = bits === 256 ? 64 : 128;
  const key = Buffer.alloc(block);
  if (secret.length > block) key.latin1Write(hash(algorithm, secret, 'latin1'), 0, bits / 8);
  else key.set(secret);
  const lay = (mask: number, room: number): ReturnType<typeof Buffer.alloc> => {
    const padded = Buffer.alloc(block + room);
    for (let i = 0; i < block; i++) padded[i] = (key[i] as number) ^ mask;
    return padded;
  };
  const shared = lay(0x36, scratch);
  const outer = lay(0x5c, bits / 8);
  return (ascii) => {
    const { length } = ascii;
    const inner = length <= scratch ? shared : lay(0x36, length);
    inner.latin1Write(ascii, block, length);
    outer.latin1Write(hash(algorithm, inner.subarray(0, block + length), 'latin1'), block, bits / 8);
    return hash(algorithm, outer, 'base64url');
  };
}
