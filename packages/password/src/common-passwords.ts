/**
 * The 17,950 most common passwords of at least eight characters, as a blocklist of its own entry: about 200 kB.
 * A rule of 15 characters makes most of it needless; use a breach check then.
 *
 * @packageDocumentation
 */
import { type Blocklist, createBlocklist } from './blocklist.js';
import { commonPasswordsList } from './common-passwords-list.js';

export type { Blocklist } from './blocklist.js';

let blocklist: Blocklist | undefined;

/** Commonest passwords, read on first use. Source: zxcvbn-ts, MIT licence. */
export const commonPasswords: Blocklist = {
  has(password) {
    blocklist ??= createBlocklist(commonPasswordsList.split(' '));
    return blocklist.has(password);
  },
};
