import type { HeaderField } from './request.js';

/** An RFC 9457 body. `status` equals the HTTP status. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  /** Portcullis' stable code. */
  readonly code: string;
  readonly [member: string]: unknown;
}

/** What an adapter writes when the guard refused: status, header fields and a body, ready. */
export interface Outcome {
  readonly status: number;
  readonly headers: readonly HeaderField[];
  readonly problem: Problem;
  /** `problem` as JSON, for adapters to send as it is. */
  readonly body: string;
}
