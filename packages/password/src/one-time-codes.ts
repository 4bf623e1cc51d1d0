import {
  type Clock,
  type Collection,
  createHmac,
  invalidOption,
  type Random,
  random as systemRandom,
  randomToken,
  Secret,
  sha256,
  type Storage,
  type StoredRecord,
  timingSafeEqual,
} from '@portcullis/core';

interface OneTimeRecord extends StoredRecord {
  readonly purpose: string;
  readonly subject: string;
  /** Purpose and subject in one: a new code for both replaces the old. */
  readonly owner: string;
  readonly hash: string;
  /** Hash of what the requesting browser holds, or empty. */
  readonly binding: string;
}

/** What `createOneTimeCodes` takes. */
export interface OneTimeCodesOptions {
  readonly storage: Storage;
  /** What the code is for; a code of one purpose is worth nothing for another. Lower-case words: `reset`, `magic-link`. */
  readonly purpose: string;
  /**
   * `token`: 256 bits for a link. `digits`: eight digits to be typed, five tries; needs `key`, because eight digits could
   * be guessed from a stolen hash. Default `token`.
   */
  readonly format?: 'token' | 'digits';
  /** At least 32 random bytes, the same in every process; for `digits`. */
  readonly key?: Uint8Array;
  /** Milliseconds a code lives, up to 600,000 (ten minutes, ASVS 6.5.5), which is the default. */
  readonly lifetime?: number;
  /** Lets a code be redeemed by another browser than the one that asked. Default false. */
  readonly dangerouslyAllowUnbound?: boolean;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface CodeRequest {
  /** Whose code it is: a user's id. */
  readonly subject: string;
  /**
   * Something that only the requesting browser holds: the id of its anonymous session. Only its hash is stored.
   * May be left out where `dangerouslyAllowUnbound` is set.
   */
  readonly binding?: string;
}

/** What a code came to. A wrong, used, expired and foreign code are told alike. */
export type Redemption =
  | { readonly redeemed: true; readonly subject: string }
  | { readonly redeemed: false; readonly reason: 'invalid' | 'too_many_tries' };

/** Codes for a password reset or a magic link: single use, ten minutes, hashed, bound to the request (ASVS 6.5.1 to 6.5.5). */
export interface OneTimeCodes {
  /** A fresh code; the earlier ones of this subject and purpose are dead. */
  issue(request: CodeRequest): Promise<Secret>;
  /** Uses a `token` up. One of any number of callers gets `redeemed`. */
  redeem(code: string, request: Omit<CodeRequest, 'subject'> & { readonly subject?: string }): Promise<Redemption>;
}

const tries = 5;
const longest = 600_000;

function eightDigits(random: Random): string {
  for (;;) {
    const bytes = random(4);
    const value =
      (((bytes[0] as number) << 24) |
        ((bytes[1] as number) << 16) |
        ((bytes[2] as number) << 8) |
        (bytes[3] as number)) >>>
      0;
    // 42 · 10^8 is the largest multiple below 2^32: what is above would make some codes likelier.
    if (value < 4_200_000_000) return String(value % 100_000_000).padStart(8, '0');
  }
}

/** @throws {CoreError} `invalid_option` for a lifetime above ten minutes, a bad purpose, or digits without a key. */
export function createOneTimeCodes(options: OneTimeCodesOptions): OneTimeCodes {
  const { storage, purpose, format = 'token', key, lifetime = longest, dangerouslyAllowUnbound = false } = options;
  const { clock = Date.now, random = systemRandom } = options;
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(purpose))
    throw invalidOption('purpose', 'use lower-case letters, digits and "-", as in reset');
  if (!(Number.isSafeInteger(lifetime) && lifetime >= 1_000 && lifetime <= longest))
    throw invalidOption('lifetime', 'give milliseconds from 1,000 to 600,000 (ASVS 6.5.5)');
  if (format !== 'token' && format !== 'digits') throw invalidOption('format', 'use token or digits');
  if (key !== undefined && !((key as unknown) instanceof Uint8Array))
    throw invalidOption('key', 'give bytes (a Uint8Array of at least 32), not their text');
  if (format === 'digits' && (key === undefined || key.length < 32))
    throw invalidOption('key', 'digits need a key of at least 32 random bytes');
  const codes: Collection<OneTimeRecord> = storage.collection<OneTimeRecord>({
    name: 'one_time_codes',
    indexes: ['owner'],
  });
  const hmac = key && createHmac(key);
  const ownerOf = (subject: string): string => sha256(`${purpose.length}!${purpose}!${subject}`);
  const hashOf = (subject: string, code: string): string => {
    const text = `portcullis one-time code v1!${purpose}!${subject.length}!${subject}!${code}`;
    return hmac?.text(text) ?? sha256(text);
  };
  /** A token is found by itself, digits by whose they are. */
  const idOf = (subject: string, code: string): string =>
    format === 'token' ? sha256(`${purpose}!${code}`) : ownerOf(subject);
  const bindingOf = (binding: string | undefined): string => (binding === undefined ? '' : sha256(binding));

  const isBound = (record: OneTimeRecord, binding: string | undefined): boolean =>
    record.binding === '' ? dangerouslyAllowUnbound : timingSafeEqual(record.binding, bindingOf(binding));

  async function issue({ subject, binding }: CodeRequest): Promise<Secret> {
    if (typeof subject !== 'string' || subject === '') throw invalidOption('subject', 'name the user');
    if (!binding && !dangerouslyAllowUnbound) {
      throw invalidOption(
        'binding',
        'give what only the requesting browser holds (its anonymous session), or set dangerouslyAllowUnbound',
      );
    }
    const code = format === 'token' ? randomToken(32, random) : eightDigits(random);
    const now = clock();
    const owner = ownerOf(subject);
    await codes.deleteWhere('owner', owner);
    await storage.counters.reset(`otc:${owner}`);
    const stored = await codes.create({
      id: idOf(subject, code),
      createdAt: now,
      expiresAt: now + lifetime,
      purpose,
      subject,
      owner,
      // A token's subject is not known when it is redeemed, so its hash must not need it.
      hash: hashOf(format === 'token' ? '' : subject, code),
      binding: bindingOf(binding),
    });
    // Two requests at once for eight digits: the later one asks again and gets its own.
    return stored === undefined ? issue({ subject, ...(binding !== undefined && { binding }) }) : new Secret(code);
  }

  return {
    issue,
    async redeem(code, { subject, binding }) {
      const invalid: Redemption = { redeemed: false, reason: 'invalid' };
      if (typeof code !== 'string' || code.length > 64) return invalid;
      if (format === 'digits') {
        if (typeof subject !== 'string' || subject === '')
          throw invalidOption('subject', 'digits are looked up by the user they were sent to');
      }
      const id = idOf(subject ?? '', code);
      const found = await codes.get(id, { fresh: true });
      if (found === undefined) return invalid;
      const { record } = found;
      // Before the count: another browser than the one that asked must not use up the tries of that one.
      if (!isBound(record, binding)) return invalid;
      if (format === 'digits') {
        const rule = { algorithm: 'fixed-window', limit: tries, windowMs: longest } as const;
        // Counted before it is compared, so that parallel guesses cannot share one try.
        const { allowed } = await storage.counters.consume(`otc:${record.owner}`, rule);
        if (!allowed) return { redeemed: false, reason: 'too_many_tries' };
      }
      const right =
        timingSafeEqual(record.hash, hashOf(format === 'token' ? '' : record.subject, code)) &&
        record.purpose === purpose &&
        (subject === undefined || subject === record.subject);
      if (!right) return invalid;
      // The version makes it the very record that was compared: one winner.
      const won = await codes.delete(id, { version: found.version });
      return won ? { redeemed: true, subject: record.subject } : invalid;
    },
  };
}
