import {
  type AuthenticationResult,
  type AuthRequest,
  type Authenticator,
  createGuard,
  deny,
  type Guard,
  type MaybePromise,
  type Principal,
  type Vocabulary,
} from '@portcullis/core';
import { createPolicy } from '@portcullis/core/policy';

/** Who calls the suite's applications. @beta */
export interface SuitePrincipal {
  readonly kind: 'user';
  readonly id: string;
}

/** What the suite's applications serve. @beta */
export interface SuitePost {
  readonly id: string;
  readonly authorId: string;
}

/** The vocabulary of the suite's policy. @beta */
export interface SuiteVocabulary extends Vocabulary {
  readonly permission: 'posts:read' | 'posts:create' | 'posts:delete';
  readonly role: 'reader' | 'author' | 'admin';
  readonly resources: { readonly 'posts:delete': SuitePost };
  readonly fields: Record<never, never>;
  readonly principal: Principal;
}

/** A value that must never reach a client. */
export const canary = 'canary-4f1d';

/** The second of the suite's clock: sign-ins of `stale` are an hour older. */
const suiteTime: number = Date.UTC(2026, 0, 1);

const roles: Readonly<Record<string, readonly SuiteVocabulary['role'][]>> = {
  ada: ['author'],
  rex: ['reader'],
  root: ['admin'],
};

function user(
  id: string,
  more: { readonly scopes?: readonly string[]; readonly authenticatedAt?: number } = {},
): AuthenticationResult<SuitePrincipal> {
  return {
    outcome: 'authenticated',
    principal: { kind: 'user', id },
    credential: { scheme: 'token', id: `token-of-${id}`, ...more },
  };
}

const tokens: Readonly<Record<string, () => MaybePromise<AuthenticationResult<SuitePrincipal>>>> = {
  ada: () => user('ada'),
  rex: () => user('rex'),
  root: () => user('root'),
  'ada-later': () => Promise.resolve(user('ada')),
  'read-only': () => user('ada', { scopes: ['posts:read'] }),
  recent: () => user('ada', { authenticatedAt: suiteTime - 1_000 }),
  stale: () => user('ada', { authenticatedAt: suiteTime - 3_600_000 }),
  renewed: () => ({ ...user('ada'), headers: [['set-cookie', 'sid=renewed; Path=/']] }),
  limited: () => ({
    outcome: 'rejected',
    denial: deny('rate_limited', { headers: [['retry-after', '7']], extensions: { 'violated-policies': ['hourly'] } }),
  }),
  down: () => ({ outcome: 'unavailable', cause: new Error(canary), retryAfterSeconds: 3 }),
  throws: () => {
    throw new Error(canary);
  },
  rejects: () => Promise.reject(new Error(canary)),
};

const bad: AuthenticationResult<SuitePrincipal> = {
  outcome: 'rejected',
  denial: deny('invalid_token', { detail: 'The token is not known.', challenge: { error: 'invalid_token' } }),
};

function authenticator(
  scheme: string,
  read: (request: AuthRequest) => string | undefined,
): Authenticator<SuitePrincipal> {
  return {
    scheme,
    transport: 'explicit',
    claims: (request) => read(request) !== undefined,
    authenticate(request) {
      const token = read(request) ?? '';
      return Object.hasOwn(tokens, token) ? (tokens[token]?.() ?? bad) : bad;
    },
    challenge: () => ({ scheme: scheme === 'token' ? 'Bearer' : 'ApiKey', params: {} }),
  };
}

/** The guard of the suite's applications: bearer tokens and an `X-API-Key` field, both looked up in one small table. */
export function createSuiteGuard(): Guard<SuitePrincipal, SuiteVocabulary> {
  const policy = createPolicy({
    permissions: ['posts:read', 'posts:create', 'posts:delete'],
    roles: { reader: ['posts:read'], author: ['reader', 'posts:create', 'posts:delete'], admin: ['*'] },
    rules: (rule) => ({
      'posts:delete': rule<SuitePost>(
        ({ auth, resource }) => auth.hasRole('admin') || resource.authorId === auth.principal.id,
      ),
    }),
  });
  return createGuard({
    authenticators: [
      authenticator('token', (request) => /^bearer +(.*)$/i.exec(request.header('authorization') ?? '')?.[1]),
      authenticator('key', (request) => request.header('x-api-key')),
    ],
    policy,
    roles: ({ id }) => roles[id] ?? [],
    realm: 'suite',
    clock: () => suiteTime,
    onError: () => undefined,
  });
}
