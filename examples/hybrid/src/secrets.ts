import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeBase64url, type KeyRing, randomToken } from '@portcullis/core';
import { StartupError } from './config.js';

/** The keys that the database does not hold: 32 bytes each, as base64url. */
const variables = {
  /** Seals signing keys and second factors in the database. */
  sealing: 'SEALING_KEY',
  /** Makes refresh tokens. */
  refresh: 'REFRESH_KEY',
  /** Makes the tokens in forms. */
  csrf: 'CSRF_KEY',
  /** Makes the tokens by which a browser is known that has signed in before. */
  device: 'DEVICE_KEY',
} as const;

type Name = keyof typeof variables;

export type Secrets = Readonly<Record<Name, Uint8Array>>;

/**
 * Each key from the environment, or else from `secrets.json` in DATA_DIR, which the first start makes. That file is for
 * development: it lies beside what it protects. In production set all four, from wherever your secrets are.
 */
export function readSecrets(env: NodeJS.ProcessEnv, dataDir: string): Secrets {
  const names = Object.keys(variables) as Name[];
  const given = names.every((name) => env[variables[name]]);
  const stored = given ? {} : readFile(join(dataDir, 'secrets.json'), names);
  const entries = names.map((name) => {
    const variable = variables[name];
    const bytes = decodeBase64url(env[variable] || (stored[name] ?? ''));
    if (bytes?.length !== 32) throw new StartupError(`${variable}: give 32 random bytes as base64url without padding`);
    return [name, bytes] as const;
  });
  return Object.fromEntries(entries) as unknown as Secrets;
}

function readFile(file: string, names: readonly Name[]): Partial<Record<Name, string>> {
  const fresh = Object.fromEntries(names.map((name) => [name, randomToken(32)]));
  try {
    // Never over one that is there: what its keys have sealed would be lost.
    writeFileSync(file, `${JSON.stringify(fresh, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    return fresh;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new StartupError(`DATA_DIR: cannot write ${file}: ${(error as Error).message}`);
  }
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Partial<Record<Name, string>>;
  } catch {
    throw new StartupError(`DATA_DIR: ${file} cannot be read as JSON; put it back, or set the keys in the environment`);
  }
}

/** A ring of one key. To replace it, add the new one, make it `current`, and keep the old one as long as it is needed. */
export const ringOf = (key: Uint8Array): KeyRing => ({ current: 'k1', keys: { k1: key } });
