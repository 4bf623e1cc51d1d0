import type { RawAnswer, RawRequest } from './raw-client.js';
import type { FrameworkKit } from './framework-spec.js';
import type { FrameworkTestId } from './framework-test-ids.js';
import type { SuiteLog } from './suite-app.js';

export { requirement } from '../requirement.js';

/** One of the suite's applications, listening. */
export interface FrameworkServer {
  readonly kit: FrameworkKit;
  readonly app: unknown;
  readonly log: SuiteLog;
  /** Events of the guard since the server was started. */
  readonly events: readonly { readonly type: string; readonly method?: string; readonly path?: string }[];
  send(request: RawRequest): Promise<RawAnswer>;
}

/** What a case works with. */
export interface FrameworkContext {
  /** Closed, with `errors()`. */
  readonly closed: FrameworkServer;
  /** Neither closed nor with `errors()`; behind one trusted proxy. */
  readonly bare: FrameworkServer;
}

/** One statement about every framework, and what proves it. */
export interface FrameworkCase {
  readonly id: FrameworkTestId;
  readonly title: string;
  run(context: FrameworkContext): void | Promise<void>;
}

/** The header line of a bearer token. */
export function bearer(token: string): string {
  return `Authorization: Bearer ${token}`;
}
