/** A block of addresses: those whose bits above `shift` equal `network`. */
export interface Cidr {
  readonly family: 4 | 6;
  readonly network: bigint;
  readonly shift: bigint;
}

interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
  /** How many bits the notation has, to which a prefix counts: 128 for IPv4 written as IPv6. */
  readonly bits: 32 | 128;
}

// No leading zeros: some readers take them for octal, and one address must not have two meanings.
const decimal = /^(?:0|[1-9]\d{0,2})$/;
const group = /^[\da-f]{1,4}$/i;

function parseV4(text: string): bigint | undefined {
  const octets = text.split('.');
  if (octets.length !== 4) return undefined;
  let value = 0n;
  for (const octet of octets) {
    if (!decimal.test(octet) || Number(octet) > 255) return undefined;
    value = (value << 8n) | BigInt(octet);
  }
  return value;
}

/** An IPv4 tail as the two groups it stands for. */
function withoutDots(text: string): string | undefined {
  if (!text.includes('.')) return text;
  const at = text.lastIndexOf(':') + 1;
  const tail = parseV4(text.slice(at));
  return tail === undefined
    ? undefined
    : `${text.slice(0, at)}${(tail >> 16n).toString(16)}:${(tail & 0xffffn).toString(16)}`;
}

function parseV6(text: string): bigint | undefined {
  const halves = withoutDots(text)?.split('::');
  if (halves === undefined || halves.length > 2) return undefined;
  const [left = [], right] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - left.length - (right?.length ?? 0);
  if (right === undefined ? missing !== 0 : missing < 1) return undefined;
  let value = 0n;
  for (const digits of [...left, ...Array<string>(missing).fill('0'), ...(right ?? [])]) {
    if (!group.test(digits)) return undefined;
    value = (value << 16n) | BigInt(`0x${digits}`);
  }
  return value;
}

/** IPv4 in disguise (`::ffff:0:0/96`) is IPv4: a dual-stack socket shows every IPv4 client so. */
function parse(text: string): Address | undefined {
  const bits = text.includes(':') ? 128 : 32;
  const value = bits === 32 ? parseV4(text) : parseV6(text);
  if (value === undefined) return undefined;
  if (bits === 128 && value >> 32n !== 0xffffn) return { family: 6, value, bits };
  return { family: 4, value: value & 0xffff_ffffn, bits };
}

/**
 * A block `address/prefix`, or one address. `undefined` for what is not exactly one: leading zeros, missing octets,
 * host bits below the prefix, a zone, white space. IPv4 written as IPv6 is IPv4.
 * @see RFC 4632 section 3.1, RFC 4291 sections 2.2 and 2.3
 */
export function parseCidr(text: string): Cidr | undefined {
  const [host = '', prefix, more] = text.split('/');
  const address = parse(host);
  if (address === undefined || more !== undefined) return undefined;
  const { family, value, bits } = address;
  if (prefix !== undefined && (!decimal.test(prefix) || Number(prefix) > bits)) return undefined;
  const shift = BigInt(bits - Number(prefix ?? bits));
  const network = value >> shift;
  // A prefix that ends before the mark of the disguise leaves bits of it set.
  if (network << shift !== value || (family === 4 && shift > 32n)) return undefined;
  return { family, network, shift };
}

/**
 * Whether a block holds an address. The families stay apart: `::/0` is every IPv6 address and no IPv4 one, and an IPv4
 * client of a dual-stack socket (`::ffff:192.0.2.1`) is IPv4. What is no address is in no block.
 */
export function cidrContains(block: Cidr, address: string): boolean {
  const parsed = parse(address);
  return parsed?.family === block.family && parsed.value >> block.shift === block.network;
}

/** Whether one of the blocks, as text, holds the address. A block that cannot be read holds nothing. */
export function addressAllowed(blocks: readonly string[], address: string | undefined): boolean {
  if (address === undefined) return false;
  return blocks.some((text) => {
    const block = parseCidr(text);
    return block !== undefined && cidrContains(block, address);
  });
}
