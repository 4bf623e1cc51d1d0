import { StorageUnavailableError } from '@portcullis/core';
import type { Authentication, Exchange } from '@portcullis/core';
import type { FrameworkHandlerContext, FrameworkKit, FrameworkRoute, FrameworkSpec } from './framework-spec.js';
import { canary, createSuiteGuard, type SuitePost, type SuitePrincipal, type SuiteVocabulary } from './suite-guard.js';

/** What the suite sees of the applications' insides. */
export interface SuiteLog {
  /** Paths of the handlers that ran. */
  readonly ran: string[];
  /** Both ends of the last request to `/late`. */
  late: Exchange | undefined;
}

type Call = (...args: unknown[]) => unknown;
type Auth = Authentication<SuitePrincipal, SuiteVocabulary>;

const posts: ReadonlyMap<string, SuitePost> = new Map(
  [
    ['p1', 'ada'],
    ['p2', 'grace'],
    ['p/1', 'ada'],
  ].map(([id = '', authorId = '']) => [id, { id, authorId }]),
);
const find = (id: string): SuitePost | undefined => posts.get(id);
const findLater = (id: string): Promise<SuitePost | undefined> => Promise.resolve(find(id));

/** Fields of CORS, which middleware sets before any guard. */
export const corsFields = [
  ['access-control-allow-origin', 'https://app.example'],
  ['access-control-expose-headers', 'WWW-Authenticate, DPoP-Nonce, RateLimit, RateLimit-Policy, Retry-After'],
] as const;

/** The application that the cases call. `log` gets what happens inside. */
export function suiteApp(log: SuiteLog, over: Partial<FrameworkSpec> = {}): FrameworkSpec {
  return {
    guard: createSuiteGuard(),
    trustProxy: false,
    fields: corsFields,
    closed: true,
    errors: true,
    uses: (kit) => [
      { path: '/area', guard: kit.authenticated() },
      { path: '/lobby', guard: kit.open() },
    ],
    routes: (kit) => [...guardedRoutes(kit), ...responseRoutes(kit, log), ...closedRoutes(kit)].map(logged(log)),
    nested: (kit) =>
      [
        get('/deep/:id', kit.authenticated(), ({ text, id }) => text(`${id}`)),
        get('/bare', undefined, ({ text }) => text('bare')),
      ].map(logged(log)),
    ...over,
  };
}

function get(path: string, guard: unknown, handler: FrameworkRoute['handler']): FrameworkRoute {
  return { method: 'get', path, guard, handler };
}

function logged(log: SuiteLog) {
  return (route: FrameworkRoute): FrameworkRoute => ({
    ...route,
    handler(context) {
      log.ran.push(route.path);
      return route.handler(context);
    },
  });
}

function guardedRoutes(kit: FrameworkKit): readonly FrameworkRoute[] {
  const require = kit.require as Call;
  const authenticated = kit.authenticated as Call;
  const byParam = kit.byParam as Call;
  const auth = ({ x }: FrameworkHandlerContext): Auth => kit.auth(x as never) as Auth;
  const post = (context: FrameworkHandlerContext): SuitePost => context.inline.resource as SuitePost;
  const fail = (): never => {
    throw new Error(canary);
  };
  return [
    get('/open', kit.open(), ({ text }) => text('open')),
    get('/me', authenticated(), (context) => {
      const same = context.inline.auth === auth(context);
      return context.text(JSON.stringify([auth(context).principal, auth(context).credential.id, same]));
    }),
    get('/maybe', (kit.optional as Call)(), ({ x, text }) =>
      text((kit.optionalAuth(x as never) as Auth | undefined)?.principal.id ?? 'nobody'),
    ),
    get('/maybe-not', (kit.optional as Call)(), (context) => context.text(auth(context).principal.id)),
    get('/posts', require('posts:read'), ({ text }) => text('posts')),
    { method: 'post', path: '/posts', guard: require('posts:create'), handler: ({ text }) => text('created') },
    get('/posts/:id', require('posts:read', byParam('id', findLater)), (context) =>
      context.text(`${context.id} ${post(context).id}`),
    ),
    {
      method: 'delete',
      path: '/posts/:id',
      guard: require('posts:delete', byParam('id', find)),
      handler: (context) => context.text((kit.resource(context.x as never, 'posts:delete' as never) as SuitePost).id),
    },
    {
      method: 'delete',
      path: '/hidden/:id',
      guard: require('posts:delete', byParam('id', find), { conceal: true }),
      handler: ({ text }) => text('deleted'),
    },
    get('/fresh', authenticated({ maxAge: 60 }), ({ text }) => text('fresh')),
    get('/keys-only', authenticated({ schemes: ['key'] }), ({ text }) => text('keys')),
    get('/load-throws', require('posts:read', fail), ({ text }) => text('loaded')),
    get(
      '/load-rejects',
      require('posts:read', async () => fail()),
      ({ text }) => text('loaded'),
    ),
    get('/no-such-param', require('posts:read', byParam('id', find)), ({ text }) => text('loaded')),
    { method: 'all', path: '/any', guard: authenticated(), handler: ({ text, method }) => text(method) },
    get('/demand/:id', authenticated(), (context) => {
      auth(context).demand('posts:delete', find(context.id ?? '') as SuitePost);
      return context.text('granted');
    }),
    get('/demand-later/:id', authenticated(), async (context) => {
      auth(context).demand('posts:delete', (await findLater(context.id ?? '')) as SuitePost);
      return context.text('granted');
    }),
    get('/outage', kit.open(), () => {
      throw new StorageUnavailableError(canary);
    }),
    get('/facts', kit.open(), ({ x, text }) => {
      const { request } = kit.exchange(x as never);
      const count = (name: string): number => request.headerValues(name).length;
      return text(JSON.stringify([request.method, request.url, request.ip, count('dpop'), count('x-none')]));
    }),
  ];
}

function responseRoutes(kit: FrameworkKit, log: SuiteLog): readonly FrameworkRoute[] {
  const append = ({ x }: FrameworkHandlerContext, ...values: string[]): void => {
    for (const value of values) kit.exchange(x as never).response.append('Set-Cookie', value);
  };
  const appending = (path: string, handler: FrameworkRoute['handler']): FrameworkRoute =>
    get(path, kit.open(), (context) => {
      append(context, 'sid=1; Path=/');
      return handler(context);
    });
  const raw = [
    ['Set-Cookie', 'own=1; Path=/'],
    ['Set-Cookie', 'own=2; Path=/'],
    ['Content-Type', 'text/plain'],
  ] as const;
  return [
    get('/cookies', kit.open(), (context) => {
      append(context, 'sid=1; Path=/', 'csrf=2; Path=/');
      context.setCookie('own=1; Path=/');
      return context.text('cookies');
    }),
    appending('/stream', ({ stream }) => stream(['one ', 'two ', 'three'])),
    appending('/raw', (context) => context.raw(201, raw, 'made by hand')),
    appending('/throws', () => {
      throw new Error(canary);
    }),
    appending('/rejects', () => Promise.reject(new Error(canary))),
    appending('/late', ({ x, text }) => {
      log.late = kit.exchange(x as never);
      return text('late');
    }),
    appending('/bad-field', ({ x, text }) => {
      try {
        kit.exchange(x as never).response.append('x-bad', `a\r\nset-cookie: b`);
        return text('appended');
      } catch (error) {
        return text(String((error as { code?: unknown }).code));
      }
    }),
  ];
}

function closedRoutes(kit: FrameworkKit): readonly FrameworkRoute[] {
  const code = (read: (x: never) => unknown) => (context: FrameworkHandlerContext) => {
    try {
      read(context.x as never);
      return context.text('read');
    } catch (error) {
      return context.text(String((error as { code?: unknown }).code));
    }
  };
  return [
    get('/undeclared', undefined, code(kit.auth)),
    get('/undeclared-exchange', undefined, code(kit.exchange)),
    get('/undeclared/:id', undefined, ({ text }) => text('read')),
    { ...get('/guard-last', kit.open(), ({ text }) => text('read')), guardLast: true },
    get('/fall/:id', kit.open(), ({ next }) => next()),
    get('/fall/through', undefined, ({ text }) => text('read')),
    get('/area/bare', undefined, code(kit.auth)),
    get('/lobby/bare', undefined, ({ text }) => text('read')),
    { method: 'post', path: '/only-post', guard: kit.open(), handler: ({ text }) => text('posted') },
  ];
}
