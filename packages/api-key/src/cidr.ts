/** A block of addresses: those whose bits above `shift` equal `network`. */
export interface Cidr {
  readonly family: 4 | 6;
  readonly network: bigint;
  readonly shift: bigint;
}

interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
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

function parse(text: string): Address | undefined {
  if (!text.includes(':')) {
    const value = parseV4(text);
    return value === undefined ? undefined : { family: 4, value };
  }
  const value = parseV6(text);
  return value === undefined ? undefined : { family: 6, value };
}

/** Whether an IPv6 value is IPv4 in disguise (`::ffff:0:0/96`), as a dual-stack socket shows every IPv4 client. */
function isMapped(value: bigint): boolean {
  return value >> 32n === 0xffffn;
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
  const bits = address.family === 4 ? 32 : 128;
  if (prefix !== undefined && (!decimal.test(prefix) || Number(prefix) > bits)) return undefined;
  const shift = BigInt(bits - Number(prefix ?? bits));
  const network = address.value >> shift;
  if (network << shift !== address.value) return undefined;
  const mapped = address.family === 6 && shift <= 32n && isMapped(address.value);
  return mapped
    ? { family: 4, network: (address.value & 0xffff_ffffn) >> shift, shift }
    : { family: address.family, network, shift };
}

/**
 * Whether a block holds an address. The families stay apart: `::/0` is every IPv6 address and no IPv4 one, and an IPv4
 * client of a dual-stack socket (`::ffff:192.0.2.1`) is IPv4. What is no address is in no block.
 */
export function cidrContains(block: Cidr, address: string): boolean {
  const parsed = parse(address);
  if (parsed === undefined) return false;
  const { family, value } =
    parsed.family === 6 && isMapped(parsed.value) ? { family: 4, value: parsed.value & 0xffff_ffffn } : parsed;
  return family === block.family && value >> block.shift === block.network;
}

/** Whether one of the blocks, as text, holds the address. A block that cannot be read holds nothing. */
export function addressAllowed(blocks: readonly string[], address: string | undefined): boolean {
  if (address === undefined) return false;
  return blocks.some((text) => {
    const block = parseCidr(text);
    return block !== undefined && cidrContains(block, address);
  });
}
