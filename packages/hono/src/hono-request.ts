import { createGuardState, createWebExchange, type GuardState } from '@portcullis/core/adapter';
import { createNodeExchange, type NodeIncoming, type NodeOutgoing, type TrustProxy } from '@portcullis/core/node';
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
  const exchange = createWebExchange(c.req.raw, { trustProxy });
  const { flush, sent } = exchange.response;
  const write = (name: string, value: string): void => {
    // What the application says as well (no-store) is said once.
    if (!c.finalized || c.res.headers.get(name) !== value) c.header(name, value, { append: true });
  };
  return (c[stateKey] = { state: createGuardState(exchange), flush: () => flush(write), sent });
}

/** Hono has the response, a thrown error's too, when `next` is done. */
export async function flushAfter(next: () => Promise<void>, flush: () => void): Promise<void> {
  try {
    await next();
  } finally {
    flush();
  }
}
