import type { IssuedApiKey, NewApiKey } from '@portcullis/api-key';
import type { Authentication, ResponseSink } from '@portcullis/core';
import type { Auth } from './auth.js';
import { isWithin } from './policy.js';
import { ApiProblem } from './problems.js';
import type { Users } from './users.js';

export interface KeyIssue {
  readonly auth: Pick<Authentication, 'principal' | 'credential'>;
  readonly input: Omit<NewApiKey<'live'>, 'owner'>;
  readonly response: ResponseSink;
}

/**
 * Makes a key for the caller, no wider than what they called with.
 * @throws {ApiProblem} `scope_exceeded`; `user_disabled`
 */
export async function issueKey(
  { keys, users }: { readonly keys: Auth['keys']; readonly users: Users },
  { auth: { principal, credential }, input, response }: KeyIssue,
): Promise<IssuedApiKey<'live'>> {
  const scopes = input.scopes ?? credential.scopes;
  if (!isWithin(credential.scopes, scopes)) throw new ApiProblem('scope_exceeded');
  const issued = await keys.create({ ...input, scopes, owner: principal.id }, { response });
  // Disabling a user revokes the keys that are there. One that comes into being after that is ours to revoke.
  if (!users.isActive(principal.id)) {
    await keys.revoke(issued.record.id, { reason: 'made while its owner was being disabled' });
    throw new ApiProblem('user_disabled');
  }
  return issued;
}
