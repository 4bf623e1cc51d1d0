import { invalidOption } from '@portcullis/core';

/** Passwords that may not be chosen. */
export interface Blocklist {
  /** Whether the whole password is listed, without regard to case. Never a substring (SP 800-63B-4 section 3.1.1.2). */
  has(password: string): boolean;
}

/** How two passwords are compared with a list: composed, without case. */
export function foldPassword(password: string): string {
  return password.normalize('NFC').toLowerCase();
}

/**
 * Makes a blocklist of `words`.
 *
 * @throws {CoreError} `invalid_option` for one text in the place of a list.
 */
export function createBlocklist(words: Iterable<string>): Blocklist {
  if (typeof words === 'string') throw invalidOption('words', 'give a list of words; a text would be its letters');
  const folded = new Set<string>();
  for (const word of words) folded.add(foldPassword(word));
  return { has: (password) => folded.has(foldPassword(password)) };
}
