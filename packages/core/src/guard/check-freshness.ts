import { type Denial, deny } from './denial.js';
import type { Credential } from './principal.js';
import type { RequirementOptions } from './requirement.js';

/**
 * Refuses a sign-in that is too old or too weak, in the terms of RFC 9470 section 3.
 * An unknown time (or one that is no number) is older than any, and a missing class weaker than any (ASVS 6.8.4).
 */
export function freshnessDenial(
  credential: Credential,
  { maxAge, acr }: RequirementOptions,
  now: number,
): Denial | undefined {
  const wanted = acr === undefined ? undefined : typeof acr === 'string' ? [acr] : acr;
  const { authenticatedAt } = credential;
  const tooOld = maxAge !== undefined && !(authenticatedAt !== undefined && now - authenticatedAt <= maxAge * 1000);
  const tooWeak = wanted !== undefined && (credential.acr === undefined || !wanted.includes(credential.acr));
  if (!tooOld && !tooWeak) return undefined;
  return deny('insufficient_user_authentication', {
    detail: tooWeak ? 'A stronger sign-in is required.' : 'A more recent sign-in is required.',
    challenge: {
      error: 'insufficient_user_authentication',
      ...(wanted !== undefined && { acr_values: wanted.join(' ') }),
      ...(maxAge !== undefined && { max_age: String(maxAge) }),
    },
  });
}
