import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Exchange, Guard, HeaderField, MaybePromise, RouteEntry } from '@portcullis/core';
import type { SuitePrincipal, SuiteVocabulary } from './suite-guard.js';

/** An adapter's guard, as far as all adapters agree: `x` is what the framework hands to a handler. @beta */
export interface FrameworkKit {
  require(...args: never[]): unknown;
  authenticated(...args: never[]): unknown;
  optional(...args: never[]): unknown;
  open(): unknown;
  byParam(...args: never[]): unknown;
  auth(x: never): unknown;
  optionalAuth(x: never): unknown;
  resource(x: never, permission: never): unknown;
  exchange(x: never): Exchange;
  closed(): unknown;
  errors(): unknown;
  audit(app: never): readonly RouteEntry[];
  assertClosed(app: never, options?: { readonly acknowledge?: readonly string[] }): void;
}

/** A handler's request and response, in words that every framework has. What a method gives back, the handler returns. @beta */
export interface FrameworkHandlerContext {
  /** What the framework hands to a handler, for the adapter's `auth`, `exchange` and so on. */
  readonly x: unknown;
  readonly method: string;
  /** The path parameter `id`, as the framework gives it. */
  readonly id: string | undefined;
  /** What the guard put where inline handlers find it: `res.locals`, `ctx.state`, `c.var`. */
  readonly inline: { readonly auth?: unknown; readonly resource?: unknown };
  /** Sets a cookie the way the framework's users do. */
  setCookie(field: string): void;
  /** Answers 200 with a text. */
  text(body: string): unknown;
  /** Answers 200 with chunks, one at a time. */
  stream(chunks: readonly string[]): unknown;
  /** Writes status and fields below the framework: Node's `writeHead`, or a `Response` made by hand. */
  raw(status: number, fields: readonly HeaderField[], body: string): unknown;
  /** Goes on to the next route. */
  next(): unknown;
}

/** What a route's handler does. @beta */
export type FrameworkHandler = (context: FrameworkHandlerContext) => MaybePromise<unknown>;

/** A route to mount: its guard, then its handler, in the order given. @beta */
export interface FrameworkRoute {
  readonly method: 'get' | 'post' | 'delete' | 'all';
  readonly path: string;
  /** Middleware of the adapter; `undefined` for a route that states nothing. */
  readonly guard: unknown;
  readonly handler: FrameworkHandler;
  /** The handler first, the guard after it: a mistake that must not count. */
  readonly guardLast?: boolean;
}

/** An application to mount. @beta */
export interface FrameworkSpec {
  readonly guard: Guard<SuitePrincipal, SuiteVocabulary>;
  /** For the adapter's option of that name. */
  readonly trustProxy: number | false;
  /** Response fields that middleware in front of everything sets, as CORS would. */
  readonly fields: readonly HeaderField[];
  /** Whether `closed()` comes next. */
  readonly closed: boolean;
  /** Whether `errors()` is mounted where the framework's documentation puts error handlers. */
  readonly errors: boolean;
  /** Made with the adapter's guard: middleware for a path and all below it, before the routes. */
  uses(kit: FrameworkKit): readonly { readonly path: string; readonly guard: unknown }[];
  /** Made with the adapter's guard: the routes, in order. */
  routes(kit: FrameworkKit): readonly FrameworkRoute[];
  /** Routes of a router of their own, mounted at `/nested`. */
  nested(kit: FrameworkKit): readonly FrameworkRoute[];
}

/** A mounted application. @beta */
export interface MountedFramework {
  readonly kit: FrameworkKit;
  /** What `audit` and `assertClosed` take. */
  readonly app: unknown;
  /** For `http.createServer`. */
  readonly listener: (req: IncomingMessage, res: ServerResponse) => unknown;
}

/** Mounts a specification on a framework. @beta */
export type MountFramework = (spec: FrameworkSpec) => MaybePromise<MountedFramework>;
