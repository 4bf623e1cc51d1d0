import { argon2dAsync, argon2iAsync, argon2idAsync } from '@noble/hashes/argon2.js';
import { pbkdf2Async } from '@noble/hashes/pbkdf2.js';
import { scryptAsync } from '@noble/hashes/scrypt.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import type { Pbkdf2Parameters } from './algorithms.js';
import type { Derivation, HashEngine } from './engine.js';

// Milliseconds between two visits to the event loop.
const asyncTick = 10;
const argon2 = { argon2id: argon2idAsync, argon2i: argon2iAsync, argon2d: argon2dAsync };

async function pbkdf2({ password, salt, length }: Derivation, { algorithm, i }: Pbkdf2Parameters): Promise<Uint8Array> {
  const [hash, name] = algorithm === 'pbkdf2-sha256' ? ([sha256, 'SHA-256'] as const) : ([sha512, 'SHA-512'] as const);
  try {
    const key = await crypto.subtle.importKey('raw', password.slice(), 'PBKDF2', false, ['deriveBits']);
    const bits = await crypto.subtle.deriveBits(
      { name: 'PBKDF2', hash: name, salt: salt.slice(), iterations: i },
      key,
      length * 8,
    );
    return new Uint8Array(bits);
  } catch {
    // Some edge runtimes refuse more than 100,000 iterations, and none takes an empty password.
    return pbkdf2Async(hash, password, salt, { c: i, dkLen: length, asyncTick });
  }
}

/** WebCrypto for PBKDF2, and JavaScript for the rest: slow, but the same answer on every runtime. */
export const portableEngine: HashEngine = {
  supports: () => true,
  async derive(derivation) {
    const { parameters, password, salt, length, version } = derivation;
    switch (parameters.algorithm) {
      case 'scrypt': {
        const { ln, r, p } = parameters;
        const N = 2 ** ln;
        return scryptAsync(password, salt, { N, r, p, dkLen: length, asyncTick, maxmem: 256 * N * r });
      }
      case 'pbkdf2-sha256':
      case 'pbkdf2-sha512':
        return pbkdf2(derivation, parameters);
      default: {
        const { algorithm, m, t, p } = parameters;
        return argon2[algorithm](password, salt, { m, t, p, dkLen: length, version, asyncTick });
      }
    }
  },
};
