/** Who acts for the subject now. */
export interface ActingParty {
  readonly subject: string;
  readonly issuer?: string | undefined;
}

/**
 * The party that acts, from an `act` claim: the outermost one only. Those nested in it acted earlier, and count for nothing in a decision.
 * `undefined` when the claim is absent; an `act` without a well-formed `sub` names nobody, and is a fault.
 * @throws {TypeError} for an `act` that names nobody: the token must not pass for the subject's own
 * @see RFC 8693 section 4.1
 */
export function outermostActor(act: unknown): ActingParty | undefined {
  if (act === undefined) return undefined;
  const { sub, iss } = (typeof act === 'object' && act !== null ? act : {}) as Partial<Record<string, unknown>>;
  if (typeof sub !== 'string' || sub === '' || (iss !== undefined && typeof iss !== 'string')) {
    throw new TypeError('The act claim names nobody.');
  }
  return { subject: sub, issuer: iss };
}
