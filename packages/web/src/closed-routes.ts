import { CoreError, type Guard, type MaybePromise } from '@portcullis/core';
import { requirementOf } from '@portcullis/core/adapter';
import { sendFields, sendOutcome } from './send-outcome.js';
import {
  createState,
  type ReadAddress,
  stateFor,
  type WebParams,
  type WebSource,
  type WebState,
} from './web-request.js';
import type { TrustProxy } from '@portcullis/core/node';

/** What a runtime calls for each request, with what it has beside it: `fetch` of Bun, Deno and Workers. */
export type WebHandler = (request: Request, ...rest: never[]) => MaybePromise<Response>;

/** What a route table becomes: a `fetch`, and a handler for a guard in front of it, which calls with its context first. */
export type WebFetch = (source: Request | WebSource, ...rest: unknown[]) => Promise<Response>;

/** Handlers by method and path: `'GET /posts/:id'`, `'/area/*'` for every method. */
export type WebRoutes = Readonly<Record<string, WebHandler>>;

/** What a route table takes beside its routes. */
export interface WebRouteOptions {
  /** Answers where no route matches: static files, another application. Default: 404. The audit lists it as opaque. */
  readonly fallback?: WebHandler;
  /** Answers for a handler that failed. Default: the error on the console, and 500. */
  readonly onError?: (error: unknown, request: Request) => MaybePromise<Response>;
}

/** A row of a table. No method: every one. */
export interface WebRoute {
  readonly method: string | undefined;
  readonly path: string;
  readonly handler: WebHandler;
}

/** What the audit reads of a handler that is a table, or a guard in front of one. */
export interface WebTable {
  readonly routes: readonly WebRoute[];
  readonly fallback: WebHandler | undefined;
}

const tableKey: unique symbol = Symbol('portcullis.routes');

/** The table behind a handler. */
export function tableOf(handler: object): WebTable | undefined {
  return (handler as { readonly [tableKey]?: WebTable })[tableKey];
}

/**
 * Writes on a handler which table it leads to, if any, and that it wants what the runtime has beside the request:
 * `Deno.serve` hands over as many arguments as `length` says, and rest parameters say none.
 */
export function markHandler<F extends object>(handler: F, table: WebTable | undefined): F {
  Object.defineProperty(handler, 'length', { value: 2 });
  return table === undefined ? handler : Object.assign(handler, { [tableKey]: table });
}

function readRoute([key, handler]: readonly [string, WebHandler]): WebRoute {
  const [, method, path = ''] = /^(?:([A-Z-]+) )?(\/\S*)$/.exec(key) ?? [];
  if (path === '' || /\*./.test(path) || typeof handler !== 'function')
    throw new CoreError('invalid_option', `routes: "${key}" must read "GET /path/:name", and be a function.`);
  return { method, path, handler };
}

/** Text before parameters before the rest, segment by segment, so that the order of writing does not matter. */
function bySpecificity(a: WebRoute, b: WebRoute): number {
  const rank = ({ path }: WebRoute): string =>
    path.replace(/[^/]+/g, (part) => ({ ':': '1', '*': '2' })[part.charAt(0)] ?? '0');
  return rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0;
}

/** The parameters by which a pattern matches; `undefined` when it does not. */
function matchPath(pattern: readonly string[], parts: readonly string[]): WebParams | undefined {
  const params: Record<string, string> = {};
  for (const [at, want] of pattern.entries()) {
    const part = parts[at];
    if (want === '*') return { ...params, '*': parts.slice(at).join('/') };
    if (!want.startsWith(':')) {
      if (part !== want) return undefined;
      continue;
    }
    if (part === undefined || part === '') return undefined;
    try {
      params[want.slice(1)] = decodeURIComponent(part);
    } catch {
      return undefined;
    }
  }
  return pattern.length === parts.length ? params : undefined;
}

const plain = (status: number, body: string | null, headers: Record<string, string> = {}): Response =>
  new Response(body, { status, headers });

function failed(error: unknown): Response {
  console.error(error);
  return plain(500, 'Internal Server Error');
}

/** A `fetch` of a route table, in which a route that states no requirement answers 403. */
export function closedRoutes(
  guard: Pick<Guard, 'refuseClosed' | 'outcomeOf'>,
  { trustProxy, address }: { readonly trustProxy: TrustProxy; readonly address: ReadAddress | undefined },
): (routes: WebRoutes, options?: WebRouteOptions) => WebFetch {
  return (table: WebRoutes, { fallback, onError = failed }: WebRouteOptions = {}): WebFetch => {
    const routes = Object.entries(table).map(readRoute);
    const rows = routes.toSorted(bySpecificity).map((route) => ({ ...route, pattern: route.path.split('/') }));

    async function answer(state: WebState, request: Request, rest: never[]): Promise<Response> {
      const parts = new URL(request.url).pathname.split('/');
      const found = rows.flatMap((row) => {
        const params = matchPath(row.pattern, parts);
        return params === undefined ? [] : [{ ...row, params }];
      });
      // HEAD inherits GET's handler, and with it the requirement.
      const wanted = request.method === 'HEAD' ? ['HEAD', 'GET'] : [request.method];
      const route = found.find(({ method }) => method === undefined || wanted.includes(method));
      if (route === undefined) {
        if (found.length === 0) return (await fallback?.(request, ...rest)) ?? plain(404, 'Not Found');
        const allow = { allow: found.map(({ method }) => method).join(', ') };
        return request.method === 'OPTIONS' ? plain(204, null, allow) : plain(405, 'Method Not Allowed', allow);
      }
      // A table inside closes its own routes.
      const stated = requirementOf(route.handler) !== undefined || tableOf(route.handler) !== undefined;
      if (!stated && !state.covered) return sendOutcome(guard.refuseClosed(request.method, route.path));
      state.params = route.params;
      return route.handler(request, ...rest);
    }

    const fetch = async (...args: Parameters<WebFetch>): Promise<Response> => {
      const [request, ...rest] = ('request' in args[0] ? args.slice(1) : args) as [Request, ...never[]];
      const outer = stateFor(request);
      // A table inside another, or behind a guard, leaves errors and fields to that.
      if (outer !== undefined) return answer(outer, request, rest);
      const state = createState([request, ...rest], trustProxy, address);
      return sendFields(state, async () => {
        try {
          return await answer(state, request, rest);
        } catch (error) {
          const outcome = guard.outcomeOf(error);
          return outcome === undefined ? onError(error, request) : sendOutcome(outcome);
        }
      });
    };
    return markHandler(fetch, { routes, fallback });
  };
}
