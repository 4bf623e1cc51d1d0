import { CoreError } from '../errors/core-errors.js';
import type { AuthRequest, Exchange, HeaderField, ResponseSink } from '../guard/request.js';
import { clientAddress, type TrustProxy } from '../node/client-address.js';
import { assertField, settledFields } from '../node/response-sink.js';

/** What a web `Request` does not say itself. @beta */
export interface WebExchangeOptions {
  readonly trustProxy: TrustProxy;
  /** The address of who is connected, where the runtime tells it: beside the `Request`, never in it. */
  readonly peer?: string | undefined;
}

/** Keeps fields until there is a response to carry them. @beta */
export interface WebSink extends ResponseSink {
  /** Hands out what was appended, once; from then on `append` throws. */
  readonly flush: (write: (name: string, value: string) => void) => void;
  /** Whether the response went out. */
  readonly sent: () => boolean;
}

/** Both ends of a request on a web runtime. @beta */
export interface WebExchange extends Exchange {
  readonly response: WebSink;
}

/** `AuthRequest` over a web `Request`. Fields sent twice arrive joined; the guard looks for the comma. */
class WebRequest implements AuthRequest {
  readonly #raw: Request;
  readonly #options: WebExchangeOptions;

  constructor(raw: Request, options: WebExchangeOptions) {
    this.#raw = raw;
    this.#options = options;
  }

  get method(): string {
    return this.#raw.method;
  }

  get url(): string {
    return this.#raw.url;
  }

  get ip(): string | undefined {
    return clientAddress(this.#options.peer, this.headerValues('x-forwarded-for'), this.#options.trustProxy);
  }

  header(name: string): string | undefined {
    return this.#raw.headers.get(name) ?? undefined;
  }

  headerValues(name: string): readonly string[] {
    const value = this.#raw.headers.get(name);
    return value === null ? [] : [value];
  }
}

function createWebSink(): WebSink {
  const pending: HeaderField[] = [];
  let sent = false;
  return {
    append(name, value) {
      if (sent) throw new CoreError('response_sent', 'The response head is out; append fields before that.');
      assertField(name, value);
      pending.push([name, value]);
    },
    flush(write) {
      if (sent) return;
      sent = true;
      for (const [name, value] of settledFields(pending)) write(name, value);
    },
    sent: () => sent,
  };
}

/** Both ends of a web `Request`. Whoever makes one puts what it holds on the response, by `response.flush`. @beta */
export function createWebExchange(request: Request, options: WebExchangeOptions): WebExchange {
  return { request: new WebRequest(request, options), response: createWebSink() };
}
