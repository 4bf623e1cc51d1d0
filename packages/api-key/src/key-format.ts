import { invalidOption, type Random, randomBase62 } from '@portcullis/core';
import { crcEnd, crcRun, crcStart, crcStep, crcTables } from './crc32.js';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Characters of the public id: 71 bits, so that ten million keys collide with a chance of 1 in 60 million. */
const idLength = 12;
/** Characters of the secret: 166 bits. */
const secretLength = 28;
/** Characters of the checksum: 62^6 is more than 2^32. */
const checkLength = 6;

/** What `createKeyFormat` takes. */
export interface KeyFormatOptions<E extends string = string> {
  /**
   * Your name at the front of every key: a letter, then letters and digits, 2 to 16 in all. With the environment it
   * should have at most 7 characters: the key is then one block of SHA-256.
   */
  readonly brand: string;
  /** The environments there are: a letter, then letters and digits, 1 to 12 in all. Default `live` and `test`. */
  readonly environments?: readonly E[];
}

/** Where the parts of one environment's keys begin. One object an environment, so that parsing allocates nothing. */
export interface KeyShape<E extends string = string> {
  readonly environment: E;
  /** `{brand}_{env}_` */
  readonly prefix: string;
  /** The whole key's length, which is also the only one accepted. */
  readonly length: number;
}

/** Reads the keys of one brand: `{brand}_{env}_{id}{secret}{crc}`. */
export interface KeyReader<E extends string = string> {
  readonly brand: string;
  readonly environments: readonly E[];
  /**
   * The shape of a well-formed key, or `undefined`: brand, environment, length, alphabet and checksum are all exact. No
   * storage is asked, and nothing is said about whether such a key was ever issued. Every change of a single character
   * is noticed.
   */
  shapeOf(text: string): KeyShape<E> | undefined;
  /** A well-formed key's public id. */
  idOf(text: string, shape: KeyShape<E>): string;
}

/** Reads and writes the keys of one brand. */
export interface KeyFormat<E extends string = string> extends KeyReader<E> {
  /** A fresh key with that public id. */
  mint(environment: E, id: string): string;
  /** A fresh public id. */
  mintId(): string;
}

interface Layout<E extends string> extends KeyShape<E> {
  /** The CRC register after the prefix. */
  readonly register: number;
}

/** The checksum as text: most significant digit first, padded with 0. */
function checkText(checksum: number): string {
  let rest = checksum;
  let text = '';
  for (let i = 0; i < checkLength; i++) {
    text = alphabet.charAt(rest % 62) + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}

// A bit that no digit has. A loop over a table costs a quarter of a regular expression here.
const foreign = 128;

/** The value of a base62 digit by its character code; `foreign` for what is none. */
function digitValues(): Uint8Array {
  const values = new Uint8Array(128).fill(foreign);
  for (let i = 0; i < 62; i++) values[alphabet.charCodeAt(i)] = i;
  return values;
}

/** Brand and environments, checked. Shared with the scanner's pattern, which needs nothing else of a format. */
export function parseFormatOptions<E extends string>({
  brand,
  environments = ['live', 'test'] as readonly string[] as readonly E[],
}: KeyFormatOptions<E>): { readonly brand: string; readonly environments: readonly E[] } {
  if (!/^[A-Za-z][A-Za-z0-9]{1,15}$/.test(brand))
    throw invalidOption('brand', 'use a letter, then letters and digits, 2 to 16 in all');
  if (environments.length === 0 || new Set(environments).size < environments.length) {
    throw invalidOption('environments', 'name at least one, and each once');
  }
  for (const environment of environments) {
    if (!/^[A-Za-z][A-Za-z0-9]{0,11}$/.test(environment)) {
      throw invalidOption('environments', 'use a letter, then letters and digits, 1 to 12 in all');
    }
  }
  return { brand, environments: Object.freeze([...environments]) };
}

/** Reads keys and makes none: all that verifying needs of a format. */
export function createKeyReader<E extends string>(options: KeyFormatOptions<E>): KeyReader<E> {
  const { brand, environments } = parseFormatOptions(options);
  const values = digitValues();
  const table = crcTables();
  const layouts = environments.map((environment): Layout<E> => {
    const prefix = `${brand}_${environment}_`;
    return {
      environment,
      prefix,
      length: prefix.length + idLength + secretLength + checkLength,
      register: crcRun(crcStart, prefix),
    };
  });

  /** The value of the digit with this code, and bits from `foreign` on for what is none. */
  const digit = (code: number): number => (values[code & 127] as number) | (code & 0xff80);

  function checked(text: string, { prefix, length, register }: Layout<E>): boolean {
    const end = length - checkLength;
    let crc = register;
    let seen = 0;
    // Alphabet and checksum in one pass, four characters at a step: id and secret have forty.
    for (let i = prefix.length; i < end; i += 4) {
      const a = text.charCodeAt(i);
      const b = text.charCodeAt(i + 1);
      const c = text.charCodeAt(i + 2);
      const d = text.charCodeAt(i + 3);
      seen |= digit(a) | digit(b) | digit(c) | digit(d);
      crc = crcStep(table, crc, a | (b << 8) | (c << 16) | (d << 24));
    }
    // Three digits at a time stay a small integer, which is cheap to multiply.
    let high = 0;
    let low = 0;
    for (let i = 0; i < 3; i++) {
      const first = digit(text.charCodeAt(end + i));
      const second = digit(text.charCodeAt(end + 3 + i));
      seen |= first | second;
      high = high * 62 + first;
      low = low * 62 + second;
    }
    // Six digits hold more than 32 bits: a larger number equals no checksum, so each checksum has one spelling.
    return seen < foreign && high * 238_328 + low === crcEnd(crc);
  }

  return {
    brand,
    environments,
    shapeOf(text) {
      for (const layout of layouts) {
        if (text.length === layout.length && text.startsWith(layout.prefix) && checked(text, layout)) return layout;
      }
      return undefined;
    },
    idOf: (text, { prefix }) => text.slice(prefix.length, prefix.length + idLength),
  };
}

/**
 * Reads and writes the keys of one brand. For a client or a command line too: it finds a typo without asking anyone.
 * @throws {CoreError} `invalid_option` for a brand or environment that is not plain.
 */
export function createKeyFormat<const E extends string = 'live' | 'test'>(
  options: KeyFormatOptions<E>,
  random?: Random,
): KeyFormat<E> {
  const reader = createKeyReader<E>(options);
  return {
    ...reader,
    mint(environment, id) {
      const text = `${reader.brand}_${environment}_${id}${randomBase62(secretLength, random)}`;
      return text + checkText(crcEnd(crcRun(crcStart, text)));
    },
    mintId: () => randomBase62(idLength, random),
  };
}
