import type { Requirement } from '../guard/requirement.js';
import { problemContentType } from '../guard/problem.js';
import { type Json, objectAt } from './json.js';
import { acceptedSchemes, type SecurityScheme } from './security-schemes.js';

interface Refusal {
  /** Its name in `components.responses`. */
  readonly name: string;
  readonly description: string;
  readonly header?: readonly [name: string, description: string];
}

const refusals: Readonly<Record<number, Refusal>> = {
  400: { name: 'BadRequest', description: 'The credential is malformed, or more than one was sent.' },
  401: {
    name: 'Unauthorized',
    description: 'No credential was sent, or it is not good, or the sign-in is too old or too weak.',
    header: ['WWW-Authenticate', 'What is accepted, and what was wrong.'],
  },
  403: { name: 'Forbidden', description: 'The caller, or their credential, may not do this.' },
  404: { name: 'NotFound', description: 'There is no such resource, or none for this caller.' },
  429: {
    name: 'TooManyRequests',
    description: 'The quota is used up.',
    header: ['Retry-After', 'Seconds to wait.'],
  },
  503: {
    name: 'ServiceUnavailable',
    description: 'The credential could not be checked. Try again.',
    header: ['Retry-After', 'Seconds to wait, where that is known.'],
  },
};

// RFC 9457; `code` is Portcullis' own.
const problemDetails: Json = {
  type: 'object',
  description: 'An error (RFC 9457).',
  required: ['type', 'title', 'status', 'code'],
  properties: {
    type: { type: 'string', format: 'uri-reference', default: 'about:blank' },
    title: { type: 'string' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string' },
    code: { type: 'string', description: 'What went wrong, for programs: it never changes.' },
  },
};

const safe = new Set(['get', 'head', 'options', 'trace']);

/** With what a guard may refuse: every status that its requirement and the credentials it takes can come to. */
export function refusalStatuses(
  requirement: Requirement,
  method: string,
  schemes: readonly SecurityScheme[],
): readonly number[] {
  if (requirement.kind === 'open') return [];
  const accepted = acceptedSchemes(requirement, schemes).map(({ authenticator }) => authenticator);
  const statuses = new Set([400, 401, 503]);
  const needsPermission = requirement.kind === 'permission';
  // Cross-site requests, of a credential that the browser sends by itself.
  const isForgeable = !safe.has(method) && accepted.some(({ transport }) => transport === 'ambient');
  if (needsPermission || isForgeable) statuses.add(403);
  if (needsPermission && requirement.loads === true) statuses.add(404);
  for (const { description } of accepted) for (const status of description?.statuses ?? []) statuses.add(status);
  return [...statuses].sort((a, b) => a - b);
}

/** Adds each status to an operation's `responses` where it says nothing of it, and what is referred to to `components`. */
export function addRefusals(responses: Json, statuses: readonly number[], components: Json): void {
  for (const status of statuses) {
    if (responses[status] !== undefined) continue;
    const { name, description, header } = refusals[status] ?? { name: `Refusal${status}`, description: 'Refused.' };
    responses[status] = { $ref: `#/components/responses/${name}` };
    const shared = objectAt(components, 'responses', 'components.responses');
    if (shared[name] !== undefined) continue;
    shared[name] = {
      description,
      ...(header !== undefined && {
        headers: { [header[0]]: { description: header[1], schema: { type: 'string' } } },
      }),
      content: { [problemContentType]: { schema: { $ref: '#/components/schemas/ProblemDetails' } } },
    };
    objectAt(components, 'schemas', 'components.schemas')['ProblemDetails'] ??= structuredClone(problemDetails);
  }
}
