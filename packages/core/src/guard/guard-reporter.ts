import { isPortcullisError } from '../errors/portcullis-error.js';
import type { Events } from '../events/events.js';
import type { Authenticated } from './authenticator.js';
import type { GuardEvents } from './guard-events.js';
import type { AuthRequest } from './request.js';

type CallerEvent = 'authentication.succeeded' | 'authorization.denied' | 'authorization.granted';
type CredentialEvent = 'authentication.rejected' | 'authentication.unavailable';
/** What an event says beside the facts that all of its kind have. */
type Beside<K extends keyof GuardEvents, Facts> = Omit<GuardEvents[K], keyof Facts>;
type CallerFacts = GuardEvents['authentication.succeeded'];
type RequestFacts = Pick<CallerFacts, 'method' | 'path' | 'ip'>;

/** What the guard tells of each decision. Nothing is built for an event that nobody listens to. */
export interface GuardReporter {
  /** About somebody who is known. */
  caller<K extends CallerEvent>(
    type: K,
    request: AuthRequest,
    result: Authenticated,
    beside: Beside<K, CallerFacts>,
  ): void;
  /** About a credential that stands for nobody yet. */
  credential<K extends CredentialEvent>(type: K, request: AuthRequest, beside: Beside<K, RequestFacts>): void;
  /** Tells the application's log what was thrown. Its class or code, for the event. */
  reason(error: unknown): string;
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
  const requestFacts = ({ method, url, ip }: AuthRequest): RequestFacts => ({ method, path: pathOf(url), ip });
  return {
    caller(type, request, { principal, credential, actor }, beside) {
      if (!events.wants(type)) return;
      const facts: CallerFacts = {
        ...requestFacts(request),
        scheme: credential.scheme,
        credentialId: credential.id,
        principalKind: principal.kind,
        principalId: principal.id,
        tenant: principal.tenant,
        actorId: actor?.id,
      };
      events.emit(type, { ...facts, ...beside } as unknown as GuardEvents[typeof type]);
    },
    credential(type, request, beside) {
      if (events.wants(type))
        events.emit(type, { ...requestFacts(request), ...beside } as unknown as GuardEvents[typeof type]);
    },
    reason(error) {
      try {
        onError(error);
      } catch {
        // The application's own log failed; the refusal must still go out.
      }
      return reasonOf(error);
    },
  };
}
