import {
  type Authenticated,
  type AuthenticationResult,
  type Authenticator,
  type AuthRequest,
  absent,
  createGuard,
  createPolicy,
  deny,
  type MaybePromise,
  type Outcome,
} from '@portcullis/core';

export interface Post {
  readonly id: string;
  readonly authorId: string;
  readonly tenant?: string;
}

export interface UserPrincipal {
  readonly kind: 'user';
  readonly id: string;
  readonly tenant?: string | undefined;
}

export const policy = createPolicy({
  permissions: ['posts:read', 'posts:create', 'posts:delete', 'keys:manage'],
  roles: { reader: ['posts:read'], author: ['reader', 'posts:create', 'posts:delete'], admin: ['*'] },
  scopes: { 'read:posts': ['posts:read'] },
  rules: (rule) => ({
    'posts:delete': rule<Post>(
      ({ auth, resource }) => auth.hasRole('admin') || resource.authorId === auth.principal.id,
    ),
  }),
  tenantOf: (resource) => (resource as Partial<Post>).tenant,
});

/** A request as any adapter would present it. Header names in any case; several of one name allowed. */
export function requestOf(
  headers: readonly (readonly [string, string])[] = [],
  { method = 'GET', url = '/' }: { method?: string; url?: string } = {},
): AuthRequest {
  const valuesOf = (name: string) => headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
  return { method, url, ip: '192.0.2.1', header: (name) => valuesOf(name)[0], headerValues: valuesOf };
}

export const bearer = (token: string): AuthRequest => requestOf([['Authorization', `Bearer ${token}`]]);
export const cookie = (value: string): AuthRequest => requestOf([['Cookie', `sid=${value}`]]);

/** `authenticated` for a user; `over` replaces parts of the credential. */
export function asUser(
  id: string,
  over: Partial<Authenticated<UserPrincipal>['credential']> = {},
  rest: Partial<Authenticated<UserPrincipal>> = {},
) {
  return {
    outcome: 'authenticated',
    principal: { kind: 'user', id },
    credential: { scheme: 'token', id: `credential-of-${id}`, ...over },
    ...rest,
  } as const satisfies Authenticated<UserPrincipal>;
}

export const invalid: AuthenticationResult<never> = {
  outcome: 'rejected',
  denial: deny('invalid_token', { challenge: { error: 'invalid_token' } }),
};

/** Reads `Authorization: Bearer` unless the token starts with `not-`. */
export function tokenAuthenticator(
  answer: (token: string) => MaybePromise<AuthenticationResult<UserPrincipal>>,
  scheme = 'token',
): Authenticator<UserPrincipal> {
  const tokenOf = (request: AuthRequest) => /^bearer (?!not-)(.+)$/i.exec(request.header('authorization') ?? '')?.[1];
  return {
    scheme,
    transport: 'explicit',
    claims: (request) => tokenOf(request) !== undefined,
    authenticate: (request) => answer(tokenOf(request) ?? ''),
    challenge: () => ({ scheme: 'Bearer', params: {} }),
  };
}

/** Reads the cookie `sid`. */
function cookieAuthenticator(
  answer: (value: string) => MaybePromise<AuthenticationResult<UserPrincipal>>,
  scheme = 'session',
): Authenticator<UserPrincipal> {
  const valueOf = (request: AuthRequest) => /(?:^|; )sid=([^;]*)/.exec(request.header('cookie') ?? '')?.[1];
  return {
    scheme,
    transport: 'ambient',
    claims: (request) => valueOf(request) !== undefined,
    authenticate: (request) => answer(valueOf(request) ?? ''),
    challenge: () => ({ scheme: 'Cookie', params: { 'cookie-name': 'sid' } }),
  };
}

/** One header key: every user is known by the token "user-<id>"; everything else is invalid. */
const known = (token: string): AuthenticationResult<UserPrincipal> =>
  token.startsWith('user-') ? asUser(token.slice(5)) : invalid;

const rolesByName = ({ id }: UserPrincipal) =>
  id === 'root' ? (['admin'] as const) : id === 'rex' ? (['reader'] as const) : (['author'] as const);

/** A guard with a token and a cookie authenticator, silent on the console. */
export function guardWith(
  options: {
    token?: (token: string) => MaybePromise<AuthenticationResult<UserPrincipal>>;
    cookie?: (value: string) => MaybePromise<AuthenticationResult<UserPrincipal>>;
    roles?: (principal: UserPrincipal) => MaybePromise<readonly ('reader' | 'author' | 'admin')[]>;
    rolesCache?: { ttl: number; max?: number };
    timeout?: number;
    clock?: () => number;
    onError?: (error: unknown) => void;
  } = {},
) {
  const { token = known, cookie: cookieAnswer = known, ...rest } = options;
  return createGuard({
    authenticators: [tokenAuthenticator(token), cookieAuthenticator(cookieAnswer)],
    policy,
    roles: rolesByName,
    onError: () => {},
    ...rest,
  });
}

/** Collects every event of a guard. */
export function record(guard: ReturnType<typeof guardWith>) {
  const events: ({ type: string } & Record<string, unknown>)[] = [];
  guard.on('*', (event) => events.push(event as never));
  return events;
}

export const headerOf = (outcome: Outcome, name: string): string | undefined =>
  outcome.headers.find(([key]) => key.toLowerCase() === name)?.[1];

export { absent };
