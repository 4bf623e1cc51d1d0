import type { Exchange, HeaderField } from '../guard/request.js';
import type { MaybePromise } from '../runtime/maybe-promise.js';

/** What an endpoint reads of a request. */
export interface EndpointInput extends Exchange {
  /** Parameters of the route's path, decoded, as the framework read them. */
  readonly path: Readonly<Record<string, string | undefined>>;
  /**
   * The fields of an urlencoded body, read from the stream or out of what a body parser left; a repeated one is there as often as it was sent.
   * `undefined` for a body of another type, and for one of more than 64 KiB.
   */
  form(): Promise<URLSearchParams | undefined>;
}

/** What an endpoint answers. Fields that were appended to `response` come on top. */
export interface EndpointAnswer {
  readonly status: number;
  readonly headers: readonly HeaderField[];
  readonly body?: string;
}

/** A handler for any framework. What it throws goes the way of the framework's errors. */
export type Endpoint = (input: EndpointInput) => MaybePromise<EndpointAnswer>;
