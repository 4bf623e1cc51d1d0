import type { Actor, Credential, Principal } from '@portcullis/core';
import type { TokenFacts } from './revocation-check.js';
import type { TokenHeader } from './strict-reader.js';
import type { TokenFault } from './token-fault.js';

/** A token that is good. Deeply frozen where it is plain data, because requests with the same token share it. */
export interface VerifiedToken<C, P extends Principal> {
  readonly header: TokenHeader;
  /** What the schema gave, or the claims as they are. */
  readonly claims: C;
  readonly principal: P;
  readonly credential: Credential;
  readonly actor: Actor | undefined;
  /** What a revocation is decided by. */
  readonly facts: TokenFacts;
}

/** The token is good. */
export interface Verified<C, P extends Principal> {
  readonly outcome: 'verified';
  readonly token: VerifiedToken<C, P>;
}

/** The token is not: 401. */
export interface TokenRejected {
  readonly outcome: 'rejected';
  readonly fault: TokenFault;
  /** One sentence for the client: the kind of thing that is wrong, never a value. */
  readonly detail: string;
}

/** Nobody can tell: keys or revocations could not be read. 503. */
export interface TokenUndecided {
  readonly outcome: 'unavailable';
  /** For the log; never for the client. */
  readonly cause: unknown;
  readonly retryAfterSeconds?: number | undefined;
}

/** The answer about a token, as a value. */
export type Verification<C, P extends Principal> = Verified<C, P> | TokenRejected | TokenUndecided;
