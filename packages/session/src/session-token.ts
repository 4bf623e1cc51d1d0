import { encodeBase64url, type Random } from '@portcullis/core';

/** `selector.secret`: 128 public bits that find the record, 256 secret bits that open it. */
export interface SessionToken {
  readonly selector: string;
  readonly secret: string;
}

const selectorLength = 22;
const tokenLength = selectorLength + 1 + 43;
const base64url = /^[\w-]*$/;

export function createSecret(random: Random): string {
  return encodeBase64url(random(32));
}

export function createSelector(random: Random): string {
  return encodeBase64url(random(16));
}

export function formatSessionToken({ selector, secret }: SessionToken): string {
  return `${selector}.${secret}`;
}

/** Reads exactly what `formatSessionToken` writes; everything else is `undefined`, and no storage is asked. */
export function parseSessionToken(text: string): SessionToken | undefined {
  if (text.length !== tokenLength || text.charCodeAt(selectorLength) !== 0x2e) return undefined;
  const selector = text.slice(0, selectorLength);
  const secret = text.slice(selectorLength + 1);
  return base64url.test(selector) && base64url.test(secret) ? { selector, secret } : undefined;
}
