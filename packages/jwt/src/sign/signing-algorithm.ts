import type { JwsAlgorithm } from '../engine/algorithms.js';
import { invalidOption } from '../errors.js';

/** What tokens may be signed with. RS256 has to be asked for by name: `dangerouslyAllowRs256`. */
export type SigningAlgorithm = Extract<JwsAlgorithm, 'EdDSA' | 'ES256' | 'PS256' | 'RS256' | 'HS256'>;

const names: ReadonlySet<string> = new Set<SigningAlgorithm>(['EdDSA', 'ES256', 'PS256', 'RS256', 'HS256']);

/**
 * Checks the algorithm that new tokens are signed with.
 * @throws {JwtError} `invalid_option` for any other, and for RS256 unless it is allowed: RSASSA-PKCS1-v1_5 has no
 * security proof and a history of forged signatures; PS256 uses the same keys.
 * @see RFC 8725 section 3.2, ASVS 5.0 appendix C
 */
export function checkSigningAlgorithm(option: string, algorithm: string, rs256Allowed: boolean): SigningAlgorithm {
  if (!names.has(algorithm)) throw invalidOption(option, 'use EdDSA, ES256, PS256, HS256 or, if you must, RS256');
  if (algorithm === 'RS256' && !rs256Allowed) {
    throw invalidOption(
      option,
      'use PS256, which takes the same keys; for a verifier that knows RS256 only, set dangerouslyAllowRs256: true',
    );
  }
  return algorithm as SigningAlgorithm;
}
