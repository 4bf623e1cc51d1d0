import { decodeBase64url } from '@portcullis/core';

interface Curve {
  readonly bytes: number;
  readonly prime: bigint;
  readonly b: bigint;
}

// y² = x³ - 3x + b, SP 800-186 section 3.2.1.
const curves: Readonly<Record<string, Curve>> = {
  'P-256': {
    bytes: 32,
    prime: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  'P-384': {
    bytes: 48,
    prime: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  },
  'P-521': {
    bytes: 66,
    prime: 2n ** 521n - 1n,
    b: 0x0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
  },
};

function coordinate(value: unknown, { bytes, prime }: Curve): bigint | undefined {
  const octets = typeof value === 'string' ? decodeBase64url(value) : undefined;
  if (octets?.length !== bytes) return undefined;
  const number = octets.reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
  return number < prime ? number : undefined;
}

/**
 * Whether a JWK's coordinates have their full length and are a point of its curve. Not every WebCrypto looks: Deno's
 * imports any two numbers, and those of another curve.
 * @see RFC 7518 section 6.2.1
 */
export function isPointOfCurve({
  crv,
  x,
  y,
}: {
  readonly crv?: unknown;
  readonly x?: unknown;
  readonly y?: unknown;
}): boolean {
  const curve = curves[String(crv)];
  if (curve === undefined) return false;
  const [at, height] = [coordinate(x, curve), coordinate(y, curve)];
  if (at === undefined || height === undefined) return false;
  return (height * height - (at * at * at - 3n * at + curve.b)) % curve.prime === 0n;
}
