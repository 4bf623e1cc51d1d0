import { createGuardState, type GuardState } from '@portcullis/core/adapter';
import { createNodeExchange, type NodeIncoming, type NodeOutgoing, type TrustProxy } from '@portcullis/core/node';

/** Where the state of a request hangs: a symbol property costs a fiftieth of a WeakMap. */
export const stateKey: unique symbol = Symbol('portcullis.state');

/** What this adapter reads of a response. */
export interface ExpressResponse extends NodeOutgoing {
  statusCode: number;
  end(body: string): unknown;
}

/** What this adapter reads of a request. */
export interface ExpressRequest extends NodeIncoming {
  readonly url?: string | undefined;
  readonly originalUrl?: string;
  readonly baseUrl?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  route?: ExpressRoute | undefined;
  [stateKey]?: GuardState | undefined;
}

/** A step of Express' routers, as far as both major versions agree, and what each knows of its path. */
export interface ExpressLayer {
  readonly name: string;
  readonly handle: ((...args: never[]) => unknown) & { readonly stack?: readonly ExpressLayer[] };
  readonly route?: ExpressRoute | undefined;
  readonly method?: string | undefined;
  /** Express 5. */
  readonly rawPath?: unknown;
  /** Express 4. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean };
  readonly keys?: readonly { readonly name: string | number }[];
  match(path: string): unknown;
}

export interface ExpressRoute {
  readonly path: unknown;
  readonly methods: Readonly<Record<string, boolean | undefined>>;
  stack: readonly ExpressLayer[];
}

/** How a middleware hands on. */
export type ExpressNext = (error?: unknown) => void;

/**
 * A guard as Express takes it: typed by `res.locals` alone, so that a route's `req.params` keeps its inference. Express
 * infers from the last signature; the first lets handlers stand beside it that know nothing of `res.locals`.
 */
export interface ExpressMiddleware<Auth = unknown, Resource = undefined> {
  (req: NodeIncoming, res: ExpressResponse, next: ExpressNext): void;
  (req: NodeIncoming, res: ExpressResponse & { locals: { auth: Auth; resource: Resource } }, next: ExpressNext): void;
}

/** The state of a request, made when the first guard sees it. */
export function stateOf(req: ExpressRequest, res: NodeOutgoing, trustProxy: TrustProxy): GuardState {
  const url = req.originalUrl ?? req.url ?? '';
  return (req[stateKey] ??= createGuardState(createNodeExchange(req, res, { url, trustProxy })));
}
