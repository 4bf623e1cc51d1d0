import { isPortcullisError } from '../errors/portcullis-error.js';
import type { Events, EventType } from '../events/events.js';
import type { Authenticated } from './authenticator.js';
import type { ExpressionVerdict } from './check-permission.js';
import type { Denial } from './denial.js';
import type { GuardEvents } from './guard-events.js';
import type { AuthRequest } from './request.js';

/** What the guard tells of each decision. Nothing is built for an event that nobody listens to. */
export interface GuardReporter {
  succeeded(request: AuthRequest, result: Authenticated): void;
  rejected(request: AuthRequest, scheme: string | undefined, denial: Denial): void;
  unavailable(request: AuthRequest, scheme: string | undefined, error: unknown): void;
  denied(request: AuthRequest, result: Authenticated, found: ExpressionVerdict, denial: Denial): void;
  granted(request: AuthRequest, result: Authenticated, permission: string): void;
}

function pathOf(url: string): string {
  const end = url.search(/[?#]/);
  return end < 0 ? url : url.slice(0, end);
}

/** Class and code only: a driver's message may hold what was sent to it. */
function reasonOf(error: unknown): string {
  if (isPortcullisError(error)) return error.code;
  return error instanceof Error ? error.name : typeof error;
}

function printBug(error: unknown): void {
  // oxlint-disable-next-line no-console -- the documented default: the application has given nowhere else to say it
  if (error !== undefined && !isPortcullisError(error)) console.error(error);
}

export function createReporter(
  events: Events<GuardEvents>,
  onError: (error: unknown) => void = printBug,
): GuardReporter {
  const requestFacts = ({ method, url, ip }: AuthRequest) => ({ method, path: pathOf(url), ip });
  const callerFacts = (request: AuthRequest, { principal, credential, actor }: Authenticated) => ({
    ...requestFacts(request),
    scheme: credential.scheme,
    credentialId: credential.id,
    principalKind: principal.kind,
    principalId: principal.id,
    tenant: principal.tenant,
    actorId: actor?.id,
  });
  const tell = <K extends EventType<GuardEvents>>(type: K, fields: () => GuardEvents[K]): void => {
    if (events.wants(type)) events.emit(type, fields());
  };
  return {
    succeeded: (request, result) => tell('authentication.succeeded', () => callerFacts(request, result)),
    rejected: (request, scheme, { code, detail }) =>
      tell('authentication.rejected', () => ({ ...requestFacts(request), scheme, code, detail })),
    unavailable(request, scheme, error) {
      try {
        onError(error);
      } catch {
        // The application's own log failed; the refusal must still go out.
      }
      tell('authentication.unavailable', () => ({ ...requestFacts(request), scheme, reason: reasonOf(error) }));
    },
    denied: (request, result, { permission, verdict }, { code }) =>
      tell('authorization.denied', () => ({ ...callerFacts(request, result), permission, verdict, code })),
    granted: (request, result, permission) =>
      tell('authorization.granted', () => ({ ...callerFacts(request, result), permission })),
  };
}
