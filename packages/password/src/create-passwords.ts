import { invalidOption, type KeyRing, type Random, random as systemRandom, timingSafeEqual } from '@portcullis/core';
import { checkParameters, defaultParameters, type HashParameters, isOutdated, storedParameters } from './algorithms.js';
import type { Derivation, HashEngine } from './engine.js';
import { PasswordError } from './errors.js';
import { createHashQueue } from './hash-queue.js';
import { createNativeEngine } from './native-engine.js';
import { passwordText } from './password-text.js';
import {
  createPasswordRules,
  type PasswordContext,
  type PasswordFault,
  type PasswordRulesOptions,
} from './password-rules.js';
import { createPepper } from './pepper.js';
import { formatPhc, parsePhc } from './phc.js';
import { portableEngine } from './portable-engine.js';

/** Verifies hashes of another system while its users move over. */
export interface LegacyVerifier {
  /** Whether the stored text is of this verifier's format. */
  reads(stored: string): boolean;
  verify(password: string, stored: string): Promise<boolean>;
}

/** What `createPasswords` takes. */
export interface PasswordsOptions extends PasswordRulesOptions {
  /** What new hashes are made with. Default: scrypt ln 17, r 8, p 1; where the runtime has no native scrypt, PBKDF2-SHA-256 with 600,000 iterations. */
  readonly parameters?: HashParameters;
  /** Secret keys of at least 32 bytes that are mixed in and kept apart from the storage; they rotate by id. */
  readonly pepper?: KeyRing;
  /** For hashes that are no PHC string: `bcryptVerifier` of its own entry. A password that verifies is rehashed. */
  readonly legacy?: readonly LegacyVerifier[];
  /** Hashes at once, 1 to 64. Default 2: each holds up to 128 MiB and one thread. */
  readonly maxConcurrent?: number;
  /** Hashes that wait behind those, 0 to 10,000. Default 100; beyond, `password_hasher_busy`. */
  readonly maxQueued?: number;
  /** Default: native, then portable. */
  readonly engines?: readonly HashEngine[];
  readonly random?: Random;
}

/** Whether a password was right. */
export type Verification =
  | { readonly verified: false }
  | {
      readonly verified: true;
      /**
       * Store this in place of the old hash: that one is weaker than what new hashes are made with. Only where the stored hash is
       * still the one that was verified (`WHERE hash = old`): a password that was changed meanwhile must not come back.
       */
      readonly rehashed?: string;
    };

/** A chosen password: its hash, or why it may not be chosen. */
export type Choice =
  | { readonly accepted: true; readonly hash: string }
  | { readonly accepted: false; readonly faults: readonly PasswordFault[] };

export interface Change extends PasswordContext {
  readonly current: string;
  readonly stored: string;
  readonly next: string;
}

/** Hashes and verifies passwords, off the event loop where the runtime can. */
export interface Passwords {
  /**
   * Checks a password that is being chosen and hashes it.
   * @throws {PasswordError} `password_hasher_busy`, `password_breach_check_unavailable`.
   */
  choose(password: string, context?: PasswordContext): Promise<Choice>;
  /** Only the rules, for a form that wants to say it early. */
  check(password: string, context?: PasswordContext): Promise<readonly PasswordFault[]>;
  /** Hashes without any rule: for imports and seeds. */
  hash(password: string): Promise<string>;
  /**
   * Whether the password belongs to a stored hash. For an unknown user, or one without a password, pass `undefined` or `null`: it costs the same time (ASVS 6.3.8).
   * @throws {PasswordError} `password_hash_unreadable`, `password_parameters`, `password_pepper_unknown`, `password_hasher_busy`.
   */
  verify(password: string, stored: string | null | undefined): Promise<Verification>;
  /** Chooses a new password, which takes the current one (ASVS 6.2.3). End the user's other sessions afterwards. */
  change(
    change: Change,
  ): Promise<Choice | { readonly accepted: false; readonly faults: readonly []; readonly wrongCurrent: true }>;
}

const saltBytes = 16;
const hashBytes = 32;

/**
 * Creates the hasher.
 *
 * @throws {CoreError} `invalid_option` for parameters below the OWASP floor, a short pepper, or bounds out of range.
 */
export function createPasswords(options: PasswordsOptions = {}): Passwords {
  const { legacy = [], maxConcurrent = 2, maxQueued = 100, random = systemRandom } = options;
  if (!(Number.isSafeInteger(maxConcurrent) && maxConcurrent >= 1 && maxConcurrent <= 64))
    throw invalidOption('maxConcurrent', 'give 1 to 64');
  if (!(Number.isSafeInteger(maxQueued) && maxQueued >= 0 && maxQueued <= 10_000))
    throw invalidOption('maxQueued', 'give 0 to 10,000');
  const native = createNativeEngine();
  const engines = options.engines ?? [native, portableEngine];
  const scryptIsNative = native.supports({ parameters: defaultParameters.scrypt, version: 19 });
  const parameters = checkParameters(
    options.parameters ?? defaultParameters[scryptIsNative ? 'scrypt' : 'pbkdf2-sha256'],
  );
  const rules = createPasswordRules(options);
  const pepper = createPepper(options.pepper);
  const queue = createHashQueue({ concurrent: maxConcurrent, queued: maxQueued });

  function derive(derivation: Derivation): Promise<Uint8Array> {
    const engine = engines.find((candidate) => candidate.supports(derivation));
    if (engine === undefined)
      throw new PasswordError(
        'password_hash_unreadable',
        `No engine here computes ${derivation.parameters.algorithm}.`,
      );
    return queue.run(() => engine.derive(derivation));
  }

  async function hashBytesOf(bytes: Uint8Array): Promise<string> {
    const salt = random(saltBytes);
    const password = pepper.mix(bytes, pepper.current);
    const hash = await derive({ parameters, version: 19, password, salt, length: hashBytes });
    const { algorithm, ...params } = parameters;
    const version = algorithm === 'argon2id' ? 19 : undefined;
    return formatPhc({ id: algorithm, version, params, keyId: pepper.current, salt, hash });
  }

  /** What a real verification would have cost. */
  async function decoy(bytes: Uint8Array): Promise<Verification> {
    await hashBytesOf(bytes);
    return { verified: false };
  }

  async function rehash(bytes: Uint8Array): Promise<Verification> {
    try {
      return { verified: true, rehashed: await hashBytesOf(bytes) };
    } catch {
      // The password is right; a busy hasher is no reason to refuse it. The next login rehashes.
      return { verified: true };
    }
  }

  async function verify(password: string, stored: string | null | undefined): Promise<Verification> {
    const read = passwordText(password);
    if (read === undefined) return { verified: false };
    const { bytes } = read;
    if (stored === undefined || stored === null) return decoy(bytes);

    if (typeof stored !== 'string') throw new PasswordError('password_hash_unreadable');

    const phc = parsePhc(stored);
    const asked = phc && storedParameters(phc);
    if (phc === undefined || asked === undefined) {
      const verifier = legacy.find((candidate) => candidate.reads(stored));
      if (verifier === undefined) throw new PasswordError('password_hash_unreadable');
      // The other system hashed what was typed, so NFC would be another password.
      const right = await queue.run(() => verifier.verify(password, stored));
      // Of a verifier that answers an object, or a text, nothing is known.
      return right === true ? rehash(bytes) : { verified: false };
    }
    const mixed = pepper.mix(bytes, phc.keyId);
    const derived = await derive({
      parameters: asked,
      version: phc.version ?? 16,
      password: mixed,
      salt: phc.salt,
      length: phc.hash.length,
    });
    if (!timingSafeEqual(derived, phc.hash)) return { verified: false };
    const outdated =
      isOutdated(asked, parameters) ||
      phc.keyId !== pepper.current ||
      phc.salt.length < saltBytes ||
      (asked.algorithm === 'argon2id' && phc.version !== 19);
    return outdated ? rehash(bytes) : { verified: true };
  }

  async function hash(password: string): Promise<string> {
    const read = passwordText(password);
    if (read === undefined) throw invalidOption('password', 'it has no UTF-8 (a lone surrogate), or more than 16 KiB');
    return hashBytesOf(read.bytes);
  }

  async function choose(password: string, context?: PasswordContext): Promise<Choice> {
    const faults = await rules.faultsOf(password, context);
    return faults.length > 0 ? { accepted: false, faults } : { accepted: true, hash: await hash(password) };
  }

  return {
    choose,
    check: rules.faultsOf,
    hash,
    verify,
    async change({ current, stored, next, ...context }) {
      const { verified } = await verify(current, stored);
      return verified ? choose(next, context) : { accepted: false, faults: [], wrongCurrent: true };
    },
  };
}
