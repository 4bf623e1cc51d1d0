import { invalidOption } from '@portcullis/core';
import { type Blocklist, foldPassword } from './blocklist.js';
import type { BreachCheck } from './breach-check.js';
import { type PasswordText, passwordText } from './password-text.js';

/** Why a password may not be chosen. */
export interface PasswordFault {
  readonly code: 'not_text' | 'too_short' | 'too_long' | 'common' | 'context' | 'breached';
  /** One sentence to show to the person who chose it. */
  readonly message: string;
}

/** What is known where a password is chosen. */
export interface PasswordContext {
  /** Words that it may not be: the user's name, address and its local part, the service's name. */
  readonly words?: readonly string[];
  /** Whether a second factor is needed to sign in: then `minLengthWithSecondFactor` counts. Default false. */
  readonly secondFactor?: boolean;
}

export interface PasswordRulesOptions {
  /** Code points where the password is the only factor, 15 to 64. Default 15. */
  readonly minLength?: number;
  /** Code points where there is a second factor, 8 to 64. Default 8. */
  readonly minLengthWithSecondFactor?: number;
  /** Code points, 64 to 4096. Default 256. */
  readonly maxLength?: number;
  /** `commonPasswords` of its own entry, or one of yours. */
  readonly blocklist?: Blocklist;
  readonly breachCheck?: BreachCheck;
  /** What an unanswered breach check means. Default `refuse`: a 503. */
  readonly onBreachCheckUnavailable?: 'refuse' | 'accept';
}

export interface PasswordRules {
  /** The faults, first things first; none means that it may be chosen. */
  faultsOf(password: string, context?: PasswordContext): Promise<readonly PasswordFault[]>;
}

function whole(name: string, value: number, least: number, most: number): number {
  if (!Number.isSafeInteger(value) || value < least || value > most)
    throw invalidOption(name, `give ${least} to ${most}`);
  return value;
}

/**
 * Rules for a password that is being chosen: length in code points, no composition rules, a blocklist and a breach check
 * on the whole password. Nothing expires (SP 800-63B-4 section 3.1.1.2).
 */
export function createPasswordRules(options: PasswordRulesOptions): PasswordRules {
  const only = whole('minLength', options.minLength ?? 15, 15, 64);
  const second = whole('minLengthWithSecondFactor', options.minLengthWithSecondFactor ?? 8, 8, 64);
  const longest = whole('maxLength', options.maxLength ?? 256, 64, 4096);
  const { blocklist, breachCheck, onBreachCheckUnavailable = 'refuse' } = options;

  function shapeFault({ length }: PasswordText, least: number): PasswordFault | undefined {
    if (length < least) return { code: 'too_short', message: `Use at least ${least} characters.` };
    if (length > longest) return { code: 'too_long', message: `Use at most ${longest} characters.` };
    return undefined;
  }

  async function breached(text: string): Promise<boolean> {
    if (breachCheck === undefined) return false;
    try {
      return (await breachCheck.timesSeen(text)) > 0;
    } catch (error) {
      if (onBreachCheckUnavailable === 'accept') return false;
      throw error;
    }
  }

  return {
    async faultsOf(password, { words = [], secondFactor = false } = {}) {
      const read = passwordText(password);
      if (read === undefined)
        return [{ code: 'not_text', message: 'Use characters that can be written as text, and fewer of them.' }];
      const shape = shapeFault(read, secondFactor ? second : only);
      if (shape !== undefined) return [shape];
      const { text } = read;
      const folded = foldPassword(text);
      // A user without a name is no reason to refuse the password, or to fail.
      if (words.some((word: unknown) => typeof word === 'string' && foldPassword(word) === folded)) {
        return [
          {
            code: 'context',
            message: 'Choose something other than your name, your address or the name of this service.',
          },
        ];
      }
      if (blocklist?.has(text))
        return [{ code: 'common', message: 'This is one of the passwords that are tried first. Choose another.' }];
      if (await breached(text))
        return [{ code: 'breached', message: 'This password is known from a data breach. Choose another.' }];
      return [];
    },
  };
}
