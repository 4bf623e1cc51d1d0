import { concerns, type Revocation, type TokenFacts } from '../verify/revocation-check.js';

/** What the storage said about one token, and when it was asked. */
interface Verdict {
  readonly token: TokenFacts;
  readonly revoked: boolean;
  readonly askedAt: number;
}

/** A process' bounded memory of verdicts, by token. */
export interface Verdicts {
  /** `undefined`: not known, or known too long ago. */
  get(token: TokenFacts, now: number): boolean | undefined;
  set(token: TokenFacts, revoked: boolean, askedAt: number): void;
  /** Drops what a revocation concerns. */
  forget(revocation: Revocation): void;
  clear(): void;
}

function same(a: TokenFacts, b: TokenFacts): boolean {
  return a.iss === b.iss && a.sub === b.sub && a.sid === b.sid && a.issuedAt === b.issuedAt;
}

/**
 * Two maps of half of `max` each: when the young one is full, the old one is dropped and they change places. Nothing
 * but memory depends on what is dropped.
 *
 * A "not revoked" is kept for `staleMs` from the moment it was asked for. A "revoked" is kept for as long as there is
 * room, because no revocation is ever taken back.
 */
export function createVerdicts({ max, staleMs }: { readonly max: number; readonly staleMs: number }): Verdicts {
  const half = Math.max(1, max >> 1);
  let young = new Map<string, Verdict>();
  let old = new Map<string, Verdict>();

  function put(jti: string, verdict: Verdict): void {
    if (young.size >= half && !young.has(jti)) {
      old = young;
      young = new Map();
    }
    old.delete(jti);
    young.set(jti, verdict);
  }

  return Object.freeze({
    get(token: TokenFacts, now: number): boolean | undefined {
      const { jti } = token;
      if (jti === undefined) return undefined;
      const inYoung = young.get(jti);
      const verdict = inYoung ?? old.get(jti);
      // Two issuers may use one jti, and a careless one may use it twice.
      if (verdict === undefined || !same(verdict.token, token)) return undefined;
      // A clock that was set back must not stretch the bound.
      if (!verdict.revoked && !(now >= verdict.askedAt && now < verdict.askedAt + staleMs)) return undefined;
      if (inYoung === undefined) put(jti, verdict);
      return verdict.revoked;
    },
    set(token: TokenFacts, revoked: boolean, askedAt: number): void {
      if (token.jti !== undefined && (revoked || staleMs > 0)) put(token.jti, { token, revoked, askedAt });
    },
    forget(revocation: Revocation): void {
      for (const generation of [young, old]) {
        if (revocation.kind === 'token') {
          if (generation.get(revocation.jti)?.token.iss === revocation.iss) generation.delete(revocation.jti);
          continue;
        }
        for (const [jti, { token }] of generation) if (concerns(revocation, token)) generation.delete(jti);
      }
    },
    clear(): void {
      young.clear();
      old.clear();
    },
  });
}
