import type { MaybePromise } from '@portcullis/core';
import {
  createGuardState,
  createWebExchange,
  type GuardState,
  type WebExchange,
  type WebExchangeOptions,
} from '@portcullis/core/adapter';
import type { TrustProxy } from '@portcullis/core/node';

/** Where the state of a request hangs: a symbol property costs a fiftieth of a WeakMap. */
const stateKey: unique symbol = Symbol('portcullis.state');

/** Path parameters. A parameter that matches several segments is a list in some frameworks. */
export type WebParams = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What a framework calls a handler with: a `Request`, or an event that holds one, and what it has beside it. */
export type WebArguments = [source: Request | { readonly request: Request }, ...rest: unknown[]];

/** What loaders get: the request and the path parameters, wherever the framework puts them. */
export interface WebSource {
  readonly request: Request;
  readonly params: WebParams;
}

/** What guarded handlers get before the framework's own arguments. */
export interface WebContext<Auth = unknown, Resource = undefined> extends WebSource {
  readonly auth: Auth;
  readonly resource: Resource;
}

/** A handler as a guard takes it. */
export type WebHandling<Auth, Resource, A extends WebArguments> = (
  context: WebContext<Auth, Resource>,
  ...args: A
) => MaybePromise<Response>;

/** A guard: it takes a handler and gives the one to export, which the framework calls with its own arguments. */
export type WebMiddleware<Auth = unknown, Resource = undefined> = <A extends WebArguments>(
  handler: WebHandling<Auth, Resource, A>,
) => (...args: A) => Promise<Response>;

/** What this adapter keeps of one request. */
export interface WebState extends GuardState {
  readonly exchange: WebExchange;
  /** What the route table took from the path. */
  params: WebParams | undefined;
}

interface GuardedRequest extends Request {
  [stateKey]?: WebState | undefined;
}

/** Who is connected, as the runtime tells it. */
export type ReadAddress = (...args: WebArguments) => string | undefined;

/** The request among a framework's arguments. */
export function requestOf(source: object): Request {
  return 'request' in source && typeof source.request === 'object' ? (source.request as Request) : (source as Request);
}

/** The state of a request, `undefined` before anything of Portcullis saw it. */
export function stateFor(source: object): WebState | undefined {
  return (requestOf(source) as GuardedRequest)[stateKey];
}

/** Asks for the address when somebody wants to know it. A class: a literal with a getter gets a hidden class for each request. */
class ExchangeOptions implements WebExchangeOptions {
  readonly trustProxy: TrustProxy;
  readonly #address: ReadAddress | undefined;
  readonly #args: WebArguments;

  constructor(trustProxy: TrustProxy, address: ReadAddress | undefined, args: WebArguments) {
    this.trustProxy = trustProxy;
    this.#address = address;
    this.#args = args;
  }

  get peer(): string | undefined {
    return this.#address?.(...this.#args);
  }
}

/** Makes the state of a request. */
export function createState(args: WebArguments, trustProxy: TrustProxy, address: ReadAddress | undefined): WebState {
  const request = requestOf(args[0]) as GuardedRequest;
  const exchange = createWebExchange(request, new ExchangeOptions(trustProxy, address, args));
  const state = createGuardState(exchange) as WebState;
  state.params = undefined;
  return (request[stateKey] = state);
}

/** Path parameters: the route table's, the event's own (SvelteKit, React Router, Bun), or the second argument's (Next.js). */
export function paramsOf(state: WebState, [source, second]: WebArguments): MaybePromise<WebParams> {
  const held = [state, source, second].find(
    (each) => typeof each === 'object' && each !== null && 'params' in each && each.params !== undefined,
  );
  return (held as { readonly params: MaybePromise<WebParams> } | undefined)?.params ?? {};
}
