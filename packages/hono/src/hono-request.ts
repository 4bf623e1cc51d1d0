import { type AuthRequest, CoreError, type HeaderField, type ResponseSink } from '@portcullis/core';
import { createGuardState, type GuardState } from '@portcullis/core/adapter';
import {
  assertField,
  clientAddress,
  createNodeExchange,
  type NodeIncoming,
  type NodeOutgoing,
  settledFields,
  type TrustProxy,
} from '@portcullis/core/node';
import type { Context, MiddlewareHandler } from 'hono';

/** Where the state of a request hangs: a symbol property costs a fiftieth of a WeakMap. */
export const stateKey: unique symbol = Symbol('portcullis.state');

/** A guard as Hono takes it. */
export type HonoMiddleware<Auth = unknown, Resource = undefined> = MiddlewareHandler<{
  Variables: { auth: Auth; resource: Resource };
}>;

/** What this adapter keeps of one request, and how its response gets the fields that were appended. */
export interface HonoState {
  readonly state: GuardState;
  /** Web runtimes only: writes what was appended. Node's response does that by itself, with its head. */
  readonly flush: (() => void) | undefined;
  /** Whether the head went out. */
  sent(): boolean;
}

export interface GuardedContext extends Context {
  [stateKey]?: HonoState | undefined;
}

/** `AuthRequest` over a web `Request`. Fields sent twice arrive joined; the guard looks for the comma. */
class WebRequest implements AuthRequest {
  readonly #raw: Request;
  readonly #trustProxy: TrustProxy;

  constructor(raw: Request, trustProxy: TrustProxy) {
    this.#raw = raw;
    this.#trustProxy = trustProxy;
  }

  get method(): string {
    return this.#raw.method;
  }

  get url(): string {
    return this.#raw.url;
  }

  get ip(): string | undefined {
    return clientAddress(undefined, this.headerValues('x-forwarded-for'), this.#trustProxy);
  }

  header(name: string): string | undefined {
    return this.#raw.headers.get(name) ?? undefined;
  }

  headerValues(name: string): readonly string[] {
    const value = this.#raw.headers.get(name);
    return value === null ? [] : [value];
  }
}

interface WebSink extends ResponseSink {
  flush(): void;
  sent(): boolean;
}

/** Keeps fields until the handler's response, or its error's, is there to carry them. */
function createWebSink(c: Context): WebSink {
  const pending: HeaderField[] = [];
  let sent = false;
  return {
    append(name, value) {
      if (sent) throw new CoreError('response_sent', 'The response head is out; append fields before that.');
      assertField(name, value);
      pending.push([name, value]);
    },
    flush() {
      sent = true;
      for (const [name, value] of settledFields(pending)) c.header(name, value, { append: true });
    },
    sent: () => sent,
  };
}

class NodeState implements HonoState {
  readonly state: GuardState;
  readonly flush = undefined;
  readonly #outgoing: NodeOutgoing;

  constructor(state: GuardState, outgoing: NodeOutgoing) {
    this.state = state;
    this.#outgoing = outgoing;
  }

  sent(): boolean {
    return this.#outgoing.headersSent;
  }
}

/** The state of a request, made when the first guard sees it. On Node it works on the streams below Hono. */
export function stateOf(c: GuardedContext, trustProxy: TrustProxy): HonoState {
  const made = c[stateKey];
  if (made !== undefined) return made;
  const { incoming, outgoing } = (c.env ?? {}) as { incoming?: NodeIncoming; outgoing?: NodeOutgoing };
  if (Array.isArray(incoming?.rawHeaders) && typeof outgoing?.writeHead === 'function') {
    const url = (incoming as { readonly url?: string }).url ?? '';
    const exchange = createNodeExchange(incoming, outgoing, { url, trustProxy });
    return (c[stateKey] = new NodeState(createGuardState(exchange), outgoing));
  }
  const response = createWebSink(c);
  const exchange = { request: new WebRequest(c.req.raw, trustProxy), response };
  return (c[stateKey] = { state: createGuardState(exchange), flush: response.flush, sent: response.sent });
}

/** Hono has the response, a thrown error's too, when `next` is done. */
export async function flushAfter(next: () => Promise<void>, flush: () => void): Promise<void> {
  try {
    await next();
  } finally {
    flush();
  }
}
