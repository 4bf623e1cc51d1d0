import {
  type Clock,
  modify,
  type Random,
  random as systemRandom,
  Secret,
  sha256,
  type Storage,
  type StoredRecord,
} from '@portcullis/core';
import { encodeBase32 } from './base32.js';

interface RecoveryRecord extends StoredRecord {
  /** SHA-256 of each unused code: 120 bits need no slow hash (ASVS 6.5.2). */
  readonly hashes: readonly string[];
}

/** Codes for whoever has lost the second factor: each is good once. */
export interface RecoveryCodes {
  /** Ten fresh codes of 120 bits; the old ones are dead. Show them once. */
  create(subject: string): Promise<readonly Secret[]>;
  /** Whether the code was one of the subject's; it is used up then. One of any number of callers wins. */
  use(subject: string, code: string): Promise<boolean>;
  /** How many are left. */
  remaining(subject: string): Promise<number>;
  /** Forgets all of them. */
  delete(subject: string): Promise<void>;
}

const count = 10;

/** `abcd…` in groups of six, as it is shown; typed case and separators do not matter. */
function grouped(code: string): string {
  return (code.match(/.{6}/g) ?? []).join('-');
}

export function createRecoveryCodes(options: {
  readonly storage: Storage;
  readonly clock?: Clock;
  readonly random?: Random;
}): RecoveryCodes {
  const { storage, clock = Date.now, random = systemRandom } = options;
  const records = storage.collection<RecoveryRecord>({ name: 'recovery_codes' });
  const hashOf = (subject: string, code: string): string =>
    sha256(`portcullis recovery code v1!${subject.length}!${subject}!${code.replace(/[\s-]/g, '').toLowerCase()}`);

  return {
    async create(subject) {
      const codes = Array.from({ length: count }, () => encodeBase32(random(15)).toLowerCase());
      const hashes = codes.map((code) => hashOf(subject, code));
      await modify(records, subject, (record) => ({ id: subject, createdAt: record?.createdAt ?? clock(), hashes }));
      return codes.map((code) => new Secret(grouped(code)));
    },
    async use(subject, code) {
      if (typeof code !== 'string' || code.length > 64) return false;
      const hash = hashOf(subject, code);
      let used = false;
      await modify(records, subject, (record) => {
        used = record?.hashes.includes(hash) ?? false;
        return record === undefined || !used
          ? undefined
          : { ...record, hashes: record.hashes.filter((other) => other !== hash) };
      });
      return used;
    },
    async remaining(subject) {
      return (await records.get(subject, { fresh: true }))?.record.hashes.length ?? 0;
    },
    async delete(subject) {
      await records.delete(subject);
    },
  };
}
