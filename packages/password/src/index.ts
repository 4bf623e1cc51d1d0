/**
 * Hash, verify and rehash passwords; one-time codes, TOTP and recovery codes.
 *
 * @packageDocumentation
 */
export type {
  Argon2Parameters,
  HashParameters,
  Pbkdf2Parameters,
  ScryptParameters,
  StoredParameters,
} from './algorithms.js';
export { type Blocklist, createBlocklist } from './blocklist.js';
export { type BreachCheck, type BreachCheckOptions, createBreachCheck } from './breach-check.js';
export {
  type Change,
  type Choice,
  createPasswords,
  type LegacyVerifier,
  type Passwords,
  type PasswordsOptions,
  type Verification,
} from './create-passwords.js';
export type { Derivation, HashEngine } from './engine.js';
export { PasswordError, type PasswordErrorCode, passwordErrors } from './errors.js';
export { createNativeEngine } from './native-engine.js';
export {
  type CodeRequest,
  createOneTimeCodes,
  type OneTimeCodes,
  type OneTimeCodesOptions,
  type Redemption,
} from './one-time-codes.js';
export type { PasswordContext, PasswordFault, PasswordRulesOptions } from './password-rules.js';
export { portableEngine } from './portable-engine.js';
export { createRecoveryCodes, type RecoveryCodes } from './recovery-codes.js';
export { createTotp, type Totp, totpCode, type TotpOptions, type TotpParameters, type TotpResult } from './totp.js';
