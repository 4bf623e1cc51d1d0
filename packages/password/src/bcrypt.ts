/**
 * Verifies bcrypt hashes of another system while its users move over. bcrypt is never used for new hashes.
 *
 * @packageDocumentation
 */
import { compare, truncates } from 'bcryptjs';
import type { LegacyVerifier } from './create-passwords.js';
import { PasswordError } from './errors.js';

const shape = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

/**
 * Reads `$2a$`, `$2b$` and `$2y$` of cost 4 to 14. It runs in JavaScript in slices, so a verification is slower than a native one.
 * A password of more than 72 bytes is refused: bcrypt would look at the first 72 only (CS Password).
 */
export const bcryptVerifier: LegacyVerifier = {
  reads: (stored) => shape.test(stored),
  async verify(password, stored) {
    const cost = Number(shape.exec(stored)?.[1]);
    // Each step doubles the work; 15 already takes seconds.
    if (!(cost >= 4 && cost <= 14)) throw new PasswordError('password_parameters');
    // NUL ends the password for some implementations and not for others.
    if (truncates(password) || password.includes('\0')) return false;
    return compare(password, stored);
  },
};
