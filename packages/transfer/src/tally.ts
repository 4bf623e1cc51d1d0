import { type StoredRecord, sha256Bytes } from '@portcullis/core';

/** How many records, and what they are, whatever their order. */
export interface Total {
  readonly records: number;
  /** 64 hexadecimal digits: the sum of the SHA-256 of each record, modulo 2^256. Finds loss and damage, not forgery. */
  readonly digest: string;
}

/** Sums up the records of one collection as they pass. */
export interface Tally {
  add(record: StoredRecord): void;
  /** The total of the records that are still living after this millisecond; of all of them without it. */
  total(livingAfter?: number): Total;
}

interface Sum {
  records: number;
  digest: bigint;
}

const modulus = 1n << 256n;
// Records expire while they are counted. Their sums are kept by the second of their expiry, so that both sides can be compared without those
// that one side may have seen and the other not. What expires later than this is not going to during one run.
const horizonMs = 7 * 86_400_000;

/** An empty tally of a collection. */
export function createTally(now: number): Tally {
  const horizon = now + horizonMs;
  const lasting: Sum = { records: 0, digest: 0n };
  const expiring = new Map<number, Sum>();

  const sumFor = (expiresAt: number | undefined): Sum => {
    if (expiresAt === undefined || expiresAt > horizon) return lasting;
    const second = Math.floor(expiresAt / 1000);
    let sum = expiring.get(second);
    if (sum === undefined) expiring.set(second, (sum = { records: 0, digest: 0n }));
    return sum;
  };

  return Object.freeze({
    add(record: StoredRecord): void {
      const sum = sumFor(record.expiresAt);
      sum.records += 1;
      sum.digest = (sum.digest + digestOf(record)) % modulus;
    },

    total(livingAfter = -1): Total {
      let { records, digest } = lasting;
      for (const [second, sum] of expiring) {
        if (second * 1000 <= livingAfter) continue;
        records += sum.records;
        digest = (digest + sum.digest) % modulus;
      }
      return { records, digest: digest.toString(16).padStart(64, '0') };
    },
  });
}

/** A record as text that does not depend on the order of its fields, which databases may change. */
export function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item)).join()}]`;
  const fields = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${fields.map(([name, item]) => `${JSON.stringify(name)}:${canonical(item)}`).join()}}`;
}

function digestOf(record: StoredRecord): bigint {
  let hex = '';
  for (const byte of sha256Bytes(canonical(record))) hex += byte.toString(16).padStart(2, '0');
  return BigInt(`0x${hex}`);
}
