import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomToken } from '@portcullis/core';
import { exportJWK, generateKeyPair, type JWK } from 'jose';

/** What must outlive the process: what signs tokens, and what signs the provider's cookies. */
export interface ProviderKeys {
  readonly signing: JWK;
  readonly cookie: string;
}

/** From `provider-keys.json` in the data folder, which the first start makes. In production: from wherever your secrets are. */
export async function readProviderKeys(dataDir: string): Promise<ProviderKeys> {
  const file = join(dataDir, 'provider-keys.json');
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const signing = { ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: randomToken(16) };
  const fresh: ProviderKeys = { signing, cookie: randomToken(32) };
  try {
    writeFileSync(file, JSON.stringify(fresh), { mode: 0o600, flag: 'wx' });
    return fresh;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return JSON.parse(readFileSync(file, 'utf8')) as ProviderKeys;
  }
}
