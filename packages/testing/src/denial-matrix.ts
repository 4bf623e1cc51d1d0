import { invalidOption, type MaybePromise, type RouteEntry } from '@portcullis/core';
import { fillPath } from './fill-path.js';
import { formatMatrix } from './format-matrix.js';
import type { TestCaller } from './test-principals.js';

/** Sends one request of the matrix: `(path, init) => app.request(path, init)` in Hono, a `fetch` of the server elsewhere. */
export type MatrixSend = (
  path: string,
  init: { readonly method: string; readonly headers: Readonly<Record<string, string>> },
) => MaybePromise<{ readonly status: number }>;

/** Somebody who calls every route. */
export interface MatrixCaller {
  /** `undefined` calls without a credential. */
  readonly caller: TestCaller | undefined;
  /** Routes with a permission that are this caller's, as `GET /posts/:id`. Every other must deny. Default none. */
  readonly allow?: readonly string[];
  /** Path parameters of this caller's own, over the shared ones. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** What `denialMatrix` takes. */
export interface DenialMatrixOptions {
  /** Every route of the application: what an adapter's `audit(app)` gives. */
  readonly routes: readonly RouteEntry[];
  readonly send: MatrixSend;
  /** Who calls, by a name for the report. Somebody without a credential, `anonymous`, is always among them. */
  readonly callers: Readonly<Record<string, MatrixCaller>>;
  /** What stands for `:id` and the like; `'*'` for what a trailing wildcard takes. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Sent with every request, over nothing: a content type, an origin. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What one caller was answered. */
export interface MatrixAnswer {
  readonly caller: string;
  readonly status: number;
  /** What is wrong with the answer, in words; `undefined` when it is as the route's requirement has it. */
  readonly fault: string | undefined;
}

/** One route, with an answer for each caller. */
export interface MatrixRow {
  readonly route: RouteEntry;
  readonly answers: readonly MatrixAnswer[];
}

/** What `denialMatrix` gives. */
export interface DenialMatrix {
  readonly rows: readonly MatrixRow[];
  /** Routes that were not called, because nobody can tell what they answer. */
  readonly opaque: readonly RouteEntry[];
  /** What is wrong, a line each. */
  readonly faults: readonly string[];
  /** The whole matrix as a text table. */
  toString(): string;
}

type Expected = 'pass' | 'challenge' | 'denied' | 'closed';

function expectedOf(route: RouteEntry, who: MatrixCaller): Expected {
  if (route.state === 'closed') return 'closed';
  if (route.state === 'open' || route.requirement === 'optional') return 'pass';
  if (who.caller === undefined) return 'challenge';
  if (route.requirement === 'authenticated') return 'pass';
  return who.allow?.includes(`${route.method} ${route.path}`) === true ? 'pass' : 'denied';
}

/** Answers that let nobody in: 404 stands for a resource that is concealed, or is not there. */
const denials: readonly number[] = [401, 403, 404];

function faultOf(expected: Expected, status: number): string | undefined {
  if (status >= 500) return `answered ${status}: nobody can tell`;
  if (expected === 'pass')
    return status === 401 || status === 403 ? `answered ${status}, but this caller may` : undefined;
  if (expected === 'challenge') return status === 401 ? undefined : `answered ${status} instead of 401`;
  if (expected === 'closed') return status === 403 ? undefined : `answered ${status} instead of 403`;
  return denials.includes(status) ? undefined : `answered ${status}, but this caller must be denied`;
}

function checkOptions({ routes, callers, send }: DenialMatrixOptions): void {
  if (!Array.isArray(routes) || routes.length === 0)
    throw invalidOption('routes', "give the routes of an application, as an adapter's audit(app) lists them.");
  if (typeof send !== 'function')
    throw invalidOption('send', 'give a function that sends a request to the application.');
  const known = new Set(routes.map(({ method, path }) => `${method} ${path}`));
  for (const [name, { allow = [] }] of Object.entries(callers)) {
    const stranger = allow.find((each) => !known.has(each));
    if (stranger !== undefined)
      throw invalidOption(`callers.${name}.allow`, `there is no route ${stranger}; write one as the audit lists it.`);
  }
}

/**
 * Calls every route as every caller and compares each answer with what the route says that it requires: a guarded route answers
 * 401 without a credential; a route with a permission denies everyone whose it is not (`allow`); a closed one is 403 for all.
 *
 * What is checked is who is let in, not what is answered: for an allowed caller anything below 500 but 401 and 403 is right. Requests
 * are really made, in order, without a body: use data that may change. Wildcard methods are called as GET.
 * @throws {CoreError} `invalid_option` for a parameter that is missing, or an `allow` that names no route.
 */
export async function denialMatrix(options: DenialMatrixOptions): Promise<DenialMatrix> {
  checkOptions(options);
  const { routes, send, headers = {}, parameters = {} } = options;
  const callers: Readonly<Record<string, MatrixCaller>> = { anonymous: { caller: undefined }, ...options.callers };
  const rows: MatrixRow[] = [];
  for (const route of routes.filter(({ state }) => state !== 'opaque')) {
    const answers: MatrixAnswer[] = [];
    for (const [name, who] of Object.entries(callers)) {
      const path = fillPath(route.path, { ...parameters, ...who.parameters });
      const method = route.method === '*' ? 'GET' : route.method;
      const { status } = await send(path, { method, headers: { ...headers, ...who.caller?.headers } });
      answers.push({ caller: name, status, fault: faultOf(expectedOf(route, who), status) });
    }
    rows.push({ route, answers });
  }
  const faults = rows.flatMap(({ route, answers }) =>
    answers.flatMap(({ caller, fault }) =>
      fault === undefined
        ? []
        : [`${route.method} ${route.path} (${route.requirement ?? 'closed'}) as ${caller}: ${fault}`],
    ),
  );
  const opaque = routes.filter(({ state }) => state === 'opaque');
  return Object.freeze({ rows, opaque, faults, toString: () => formatMatrix(rows) });
}
