/**
 * A lazy view of one request: nothing is parsed or copied until it is asked for.
 * Header names are asked for in lower case.
 */
export interface AuthRequest {
  /** As received, upper case for the standard methods. */
  readonly method: string;
  /** Path and query as received (origin-form), or an absolute URL on web runtimes. */
  readonly url: string;
  /** The client's address as the adapter's `trustProxy` setting allows to know it. */
  readonly ip: string | undefined;
  /** The first field value of that name, or `undefined`. */
  header(name: string): string | undefined;
  /** Every field line of that name, in order. On web runtimes duplicates arrive joined by a comma, as one. */
  headerValues(name: string): readonly string[];
  /** Calls back when the exchange is over, sent or cut off. An adapter that cannot tell leaves it out. */
  readonly onClose?: (listener: () => void) => void;
}

/** One response header field: name and value. */
export type HeaderField = readonly [name: string, value: string];

/**
 * Adds response header fields for as long as the head is not sent: login, logout and privilege change happen in handlers.
 * The fields survive what the framework does to its own (thrown errors, streams, a raw `writeHead`).
 */
export interface ResponseSink {
  /**
   * Adds one field; several of one name stay separate.
   * @throws {CoreError} `response_sent` after the head went out.
   */
  append(name: string, value: string): void;
}

/** Both ends of one request, as the functions that sign in and out need them. */
export interface Exchange {
  readonly request: AuthRequest;
  readonly response: ResponseSink;
}
