import { createGuardState, type GuardState } from '@portcullis/core/adapter';
import { createNodeExchange, type NodeIncoming, type NodeOutgoing, type TrustProxy } from '@portcullis/core/node';
import type { FastifyRequest } from 'fastify';

/** Where the state of a request hangs: a symbol property costs a fiftieth of a WeakMap. */
export const stateKey: unique symbol = Symbol('portcullis.state');

/** What this adapter reads of a request. */
export interface FastifyIncoming {
  readonly raw: NodeIncoming;
  readonly method: string;
  readonly originalUrl: string;
}

/** What this adapter uses of a reply. */
export interface FastifyOutgoing {
  readonly raw: NodeOutgoing;
  readonly sent: boolean;
  header(name: string, value: unknown): unknown;
  removeHeader(name: string): unknown;
  code(status: number): unknown;
  send(payload: unknown): unknown;
}

/** What loaders get: the request that a route's handler gets. */
export type FastifySource = FastifyRequest<{ Params: Readonly<Record<string, string>> }>;

/** How a hook hands on. */
export type FastifyDone = (error?: Error) => void;

/** Fastify's error handlers, as far as `errors` writes one. */
export type FastifyErrorHandler = (error: never, request: never, reply: never) => unknown;

/**
 * A guard as Fastify takes it: an `onRequest` hook, of a route or of all routes of a scope. A route's hooks and its handler
 * share no type, so what the guard found is read with `g.auth(request)` and `g.resource(request, permission)`.
 */
export type FastifyMiddleware = (request: FastifyIncoming, reply: FastifyOutgoing, done: FastifyDone) => void;

/** A request on its way. */
export interface GuardedRequest extends FastifyIncoming {
  readonly routeOptions?: { readonly url?: string | undefined };
  readonly params: unknown;
  auth?: unknown;
  resource?: unknown;
  [stateKey]?: GuardState | undefined;
}

/** The state of a request, made when the first guard sees it. */
export function stateOf(request: GuardedRequest, reply: FastifyOutgoing, trustProxy: TrustProxy): GuardState {
  return (request[stateKey] ??= createGuardState(
    createNodeExchange(request.raw, reply.raw, { url: request.originalUrl, trustProxy }),
  ));
}
