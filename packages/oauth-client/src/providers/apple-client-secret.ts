import type { Clock } from '@portcullis/core';
import { importPKCS8, SignJWT } from 'jose';
import { invalidOption } from '../errors.js';

const lifetimeSeconds = 86_400;
const renewBeforeMs = 3_600_000;

/** What `appleClientSecret` takes. */
export interface AppleClientSecretOptions {
  /** Ten characters, from the membership page. */
  readonly teamId: string;
  /** Ten characters, from the key's page. */
  readonly keyId: string;
  /** The Services ID, which is the client id. */
  readonly clientId: string;
  /** The text of the `.p8` file, or the key it holds. */
  readonly privateKey: string | CryptoKey;
  readonly clock?: Clock;
}

/**
 * Apple's client secret: a token that the application signs, good for a day and made anew in its last hour. Apple takes six months at most.
 * @returns what a `credential`'s `secret` takes
 * @throws {OAuthError} `invalid_option`
 * @see https://developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret
 */
export function appleClientSecret(options: AppleClientSecretOptions): () => Promise<string> {
  const { teamId, keyId, clientId, privateKey, clock = Date.now } = options;
  for (const [name, value] of Object.entries({ teamId, keyId, clientId })) {
    if (typeof value !== 'string' || value === '') throw invalidOption(name, "copy it from Apple's developer pages");
  }
  if (typeof privateKey === 'string' && !privateKey.includes('-----BEGIN PRIVATE KEY-----')) {
    throw invalidOption('privateKey', 'give the whole text of the .p8 file');
  }
  let held: { readonly secret: Promise<string>; readonly renewAt: number } | undefined;

  async function sign(now: number): Promise<string> {
    const key = typeof privateKey === 'string' ? await importKey(privateKey) : privateKey;
    const seconds = Math.floor(now / 1000);
    return new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid: keyId })
      .setIssuer(teamId)
      .setSubject(clientId)
      .setAudience('https://appleid.apple.com')
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + lifetimeSeconds)
      .sign(key);
  }

  return () => {
    const now = clock();
    if (held === undefined || now >= held.renewAt) {
      held = { secret: sign(now), renewAt: now + lifetimeSeconds * 1000 - renewBeforeMs };
    }
    return held.secret;
  };
}

async function importKey(pem: string): Promise<CryptoKey> {
  try {
    return await importPKCS8(pem, 'ES256');
  } catch {
    // Not as the cause: what a parser says of a key may hold a piece of it.
    throw invalidOption('privateKey', 'it is not a P-256 private key in PKCS #8 form, as the .p8 file holds');
  }
}
