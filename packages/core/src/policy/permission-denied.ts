import { CoreError } from '../errors/core-errors.js';
import type { Verdict } from './policy.js';

/** Thrown by `demand` and `refuseExtra`; each adapter's error path turns it into the same 403 as the guard's own. */
export class PermissionDenied extends CoreError {
  readonly permission: string;
  readonly verdict: Verdict;

  constructor(permission: string, verdict: Verdict, message?: string) {
    super('permission_denied', message ?? `${permission} is denied (${verdict}).`);
    this.permission = permission;
    this.verdict = verdict;
  }
}
