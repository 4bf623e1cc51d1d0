import { sha256 } from '@portcullis/core';
import type { Jwk } from '../keys/key-input.js';
import type { SigningAlgorithm } from './signing-algorithm.js';

const publicMembers = { OKP: ['crv', 'x'], EC: ['crv', 'x', 'y'], RSA: ['n', 'e'] } as const;

function membersOf(jwk: Jwk): Record<string, string> {
  const names = publicMembers[jwk.kty as keyof typeof publicMembers] ?? [];
  const members: Record<string, string> = {};
  for (const name of names) {
    const value = jwk[name];
    if (typeof value === 'string') members[name] = value;
  }
  return members;
}

/** The public half of a key pair as a JWK Set carries it. Built from a list of what is public, so that nothing else slips in. */
export function publicJwk(jwk: Jwk, kid: string, algorithm: SigningAlgorithm): Jwk {
  return Object.freeze({ kty: jwk.kty, ...membersOf(jwk), kid, alg: algorithm, use: 'sig' });
}

/**
 * The SHA-256 thumbprint of a key pair's public half: a key id that two processes give the same key.
 * @see RFC 7638
 */
export function thumbprint(jwk: Jwk): string {
  const members = { kty: jwk.kty, ...membersOf(jwk) };
  const sorted = Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256(JSON.stringify(Object.fromEntries(sorted)));
}
