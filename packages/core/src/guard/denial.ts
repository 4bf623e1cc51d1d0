import { type DenialCode, statusOf } from '../errors/core-errors.js';
import type { HeaderField } from './request.js';

/** A refusal as a value. The guard turns it into an `Outcome`. */
export interface Denial {
  /** One of core's denial codes, or the code of a package's own error that a handler threw. */
  readonly code: DenialCode | (string & {});
  readonly status: number;
  /** One sentence for the client: what kind of thing is wrong, never the value. */
  readonly detail?: string | undefined;
  /** Parameters for the challenge of the credential's scheme (`error`, `scope`, `acr_values`, `max_age` …). */
  readonly challenge?: Readonly<Record<string, string>> | undefined;
  /** HTTP authentication scheme whose challenge carries them, `DPoP` say. Default: every scheme that is offered. */
  readonly challengeScheme?: string | undefined;
  readonly headers?: readonly HeaderField[] | undefined;
  /** Problem type URI. Default `about:blank`. */
  readonly type?: string | undefined;
  /** Title; only with `type`. */
  readonly title?: string | undefined;
  /** Further members of the problem body. */
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

/** What an authenticator or a check adds to a denial's code. */
export type DenialDetails = Omit<Denial, 'code' | 'status'>;

/** Builds a denial; the status is the code's own. */
export function deny(code: DenialCode, details?: DenialDetails): Denial {
  return { code, status: statusOf(code), ...details };
}
