import type { Derivation, HashEngine } from './engine.js';

type Callback = (error: Error | null | undefined, bytes: Uint8Array) => void;

/** What is used of node:crypto; Bun and Deno have it too. */
interface NodeCrypto {
  scrypt?(
    password: Uint8Array,
    salt: Uint8Array,
    length: number,
    options: { readonly N: number; readonly r: number; readonly p: number; readonly maxmem: number },
    done: Callback,
  ): void;
  pbkdf2?(
    password: Uint8Array,
    salt: Uint8Array,
    iterations: number,
    length: number,
    digest: string,
    done: Callback,
  ): void;
  /** From Node 24.7 on. */
  argon2?(
    algorithm: string,
    options: {
      readonly message: Uint8Array;
      readonly nonce: Uint8Array;
      readonly parallelism: number;
      readonly memory: number;
      readonly passes: number;
      readonly tagLength: number;
    },
    done: Callback,
  ): void;
}

function loadCrypto(): NodeCrypto {
  const runtime = (globalThis as { process?: { getBuiltinModule?(name: string): unknown } }).process;
  return (runtime?.getBuiltinModule?.('node:crypto') as NodeCrypto | undefined) ?? {};
}

function run(
  { scrypt, argon2, pbkdf2 }: NodeCrypto,
  { parameters, password, salt, length }: Derivation,
  done: Callback,
): void {
  switch (parameters.algorithm) {
    case 'scrypt': {
      const { ln, r, p } = parameters;
      const N = 2 ** ln;
      // Node refuses above maxmem, and counts a little more than 128 · N · r.
      return scrypt?.(password, salt, length, { N, r, p, maxmem: 256 * N * r }, done);
    }
    case 'pbkdf2-sha256':
      return pbkdf2?.(password, salt, parameters.i, length, 'sha256', done);
    case 'pbkdf2-sha512':
      return pbkdf2?.(password, salt, parameters.i, length, 'sha512', done);
    default: {
      const { algorithm, m, t, p } = parameters;
      return argon2?.(
        algorithm,
        { message: password, nonce: salt, parallelism: p, memory: m, passes: t, tagLength: length },
        done,
      );
    }
  }
}

/** The runtime's own implementation, in its thread pool: off the event loop. */
export function createNativeEngine(): HashEngine {
  return createEngineOn(loadCrypto());
}

/** The same on any `node:crypto`, or part of one. */
export function createEngineOn(crypto: NodeCrypto): HashEngine {
  return {
    supports({ parameters, version }) {
      if (parameters.algorithm === 'scrypt') return crypto.scrypt !== undefined;
      if (parameters.algorithm.startsWith('pbkdf2')) return crypto.pbkdf2 !== undefined;
      return crypto.argon2 !== undefined && version === 19;
    },
    derive: (derivation) =>
      new Promise((resolve, reject) => {
        // Node says null where nothing went wrong, Bun undefined.
        run(crypto, derivation, (error, bytes) => (error ? reject(error) : resolve(bytes)));
      }),
  };
}
