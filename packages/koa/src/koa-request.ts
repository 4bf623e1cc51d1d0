import type { ParameterizedContext } from 'koa';
import { createGuardState, type GuardState } from '@portcullis/core/adapter';
import { createNodeExchange, type NodeIncoming, type NodeOutgoing, type TrustProxy } from '@portcullis/core/node';

/** Where the state of a request hangs: a symbol property costs a fiftieth of a WeakMap. */
export const stateKey: unique symbol = Symbol('portcullis.state');

/** How a middleware hands on. */
export type KoaNext = () => Promise<unknown>;

/** What this adapter reads and writes of a context. */
export interface KoaContext {
  readonly req: NodeIncoming;
  readonly res: NodeOutgoing;
  readonly method: string;
  readonly originalUrl: string;
  readonly headerSent: boolean;
  status: number;
  body: unknown;
  set(name: string, value: string | string[]): void;
  remove(name: string): void;
}

/** What loaders get: the context that a route's handler gets. */
export type KoaSource = ParameterizedContext & { readonly params: Readonly<Record<string, string>> };

/** A context on its way through @koa/router. */
export interface RoutedContext extends KoaContext {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly matched?: readonly KoaLayer[] | undefined;
  router?: unknown;
  [stateKey]?: GuardState | undefined;
}

/** A function of a layer; `param` names the path parameter that @koa/router calls it for. */
export type KoaHandle = ((ctx: never, next: KoaNext) => unknown) & { readonly param?: string };

/** What @koa/router makes of a route, and with no methods of a `router.use`. */
export interface KoaLayer {
  readonly path: unknown;
  readonly methods: readonly string[];
  stack: readonly KoaHandle[];
  match(path: string): boolean;
}

/** A guard as Koa and @koa/router take it. */
export type KoaMiddleware<Auth = unknown, Resource = undefined> = (
  ctx: KoaContext & { state: { auth: Auth; resource: Resource } },
  next: KoaNext,
) => unknown;

/** The state of a request, made when the first guard sees it. */
export function stateOf(ctx: RoutedContext, trustProxy: TrustProxy): GuardState {
  return (ctx[stateKey] ??= createGuardState(
    createNodeExchange(ctx.req, ctx.res, { url: ctx.originalUrl, trustProxy }),
  ));
}
