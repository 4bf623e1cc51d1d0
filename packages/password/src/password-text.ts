import { utf8 } from '@portcullis/core';

/** More bytes than this are refused unread, whatever `maxLength` says. */
const maxBytes = 16_384;

/** A password as it is hashed: NFC, as UTF-8, with its length in code points. */
export interface PasswordText {
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly length: number;
}

/**
 * Normalises a password: NFC, so that the same characters typed on another keyboard are the same password.
 * `undefined` when it has no UTF-8 (a lone surrogate would hash like any other) or is of absurd size.
 *
 * @see NIST SP 800-63B-4 section 3.1.1.2
 */
export function passwordText(password: string): PasswordText | undefined {
  if (typeof password !== 'string' || password.length > maxBytes) return undefined;
  // oxlint-disable-next-line no-misleading-character-class -- lone surrogates are what is looked for
  if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(password)) return undefined;
  const text = password.normalize('NFC');
  const bytes = utf8(text).slice();
  let length = 0;
  for (const _ of text) length += 1;
  return bytes.length > maxBytes ? undefined : { text, bytes, length };
}
