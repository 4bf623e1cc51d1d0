import { invalidOption } from '../errors/core-errors.js';
import type { PortcullisError } from '../errors/portcullis-error.js';
import type { PermissionDenied } from '../policy/permission-denied.js';
import type { Authenticator } from './authenticator.js';
import { type Challenge, formatChallenges } from './challenge.js';
import type { ExpressionVerdict } from './check-permission.js';
import { type Denial, deny } from './denial.js';
import type { Outcome } from './outcome.js';
import { createProblem, problemContentType } from './problem.js';
import type { HeaderField } from './request.js';

/** Whom a denial concerns. */
export interface OutcomeContext {
  /** The schemes a route takes; default all. */
  readonly schemes?: readonly string[] | undefined;
  /** The authenticator whose credential was refused. */
  readonly scheme?: string | undefined;
}

export interface Outcomes {
  of(denial: Denial, context: OutcomeContext): Outcome;
  /** `undefined` for misuse: the developer needs the stack, the client no detail. */
  ofError(error: PortcullisError): Outcome | undefined;
}

interface Offered {
  readonly authenticator: string;
  readonly challenge: Challenge;
}

/** Turns denials into what an adapter writes: RFC 9457 body, challenges, and never anything a cache may keep. */
export function createOutcomes(
  authenticators: readonly Authenticator[],
  realm: string,
  denialOf: (found: ExpressionVerdict) => Denial,
): Outcomes {
  const offer = (schemes: readonly string[] | undefined): readonly Offered[] =>
    authenticators.flatMap((authenticator) => {
      if (schemes !== undefined && !schemes.includes(authenticator.scheme)) return [];
      const challenge = authenticator.challenge();
      return challenge === undefined ? [] : [{ authenticator: authenticator.scheme, challenge }];
    });
  if (offer(undefined).length === 0) {
    throw invalidOption('authenticators', 'none has a challenge, and a 401 must carry one (RFC 9110 section 15.5.2)');
  }

  function challenges(
    { status, challenge: params, challengeScheme }: Denial,
    { schemes, scheme }: OutcomeContext,
  ): string | undefined {
    if (status !== 401 && params === undefined) return undefined;
    const accepted = offer(schemes);
    const offered = accepted.length > 0 ? accepted : offer(undefined);
    const own = offered.find(({ authenticator }) => authenticator === scheme)?.challenge.scheme;
    // RFC 6750 puts the error on the challenge of the credential that failed; one that nobody reads fails on each.
    const target = (challengeScheme ?? own)?.toLowerCase();
    // Challenges of one HTTP scheme become one, so that no parameter stands twice (RFC 6750 section 3).
    const merged = new Map<string, Challenge>();
    for (const { challenge } of offered) {
      const key = challenge.scheme.toLowerCase();
      const concerned = target === undefined || key === target;
      if (status !== 401 && !concerned) continue;
      const first = merged.get(key);
      const all = { realm, ...challenge.params, ...first?.params, ...(concerned && params) };
      merged.set(key, { ...(first ?? challenge), params: all });
    }
    return merged.size === 0 ? undefined : formatChallenges([...merged.values()]);
  }

  function of(denial: Denial, context: OutcomeContext): Outcome {
    const headers: HeaderField[] = [
      ['content-type', problemContentType],
      // 404 and 410 may be cached by default, and no refusal should be.
      ['cache-control', 'no-store'],
    ];
    const challenge = challenges(denial, context);
    if (challenge !== undefined) headers.push(['www-authenticate', challenge]);
    for (const field of denial.headers ?? []) {
      if (field[0].toLowerCase() !== 'cache-control') headers.push(field);
    }
    const problem = createProblem(denial);
    return { status: denial.status, headers, problem, body: JSON.stringify(problem) };
  }

  return {
    of,
    ofError(error) {
      if (error.code === 'permission_denied') {
        // Of another installed copy perhaps, so by its fields and not by its class.
        const { permission, verdict } = error as PermissionDenied;
        return of(denialOf({ permission, verdict }), {});
      }
      if (error.status === 503) return of(deny('unavailable'), {});
      if (error.status >= 500) return undefined;
      return of({ code: error.code, status: error.status, detail: error.message }, {});
    },
  };
}
