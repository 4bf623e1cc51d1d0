import { validate } from '@readme/openapi-parser';
import { createApiKeys } from '@portcullis/api-key';
import { createGuard, createMemoryStorage, createPolicy, type Exchange, type Guard } from '@portcullis/core';
import { openapi } from '@portcullis/core/openapi';
import { createJwtVerifier } from '@portcullis/jwt';
import { createTestIssuer } from '@portcullis/jwt/testing';
import { createSessions } from '@portcullis/session';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, type AppRoute, frameworks } from './support/openapi-apps.js';

const origin = 'https://app.example.org';
const ok = { 200: { description: 'Done.' } };
const id = [{ name: 'postId', in: 'path', required: true, schema: { type: 'string' } }];

/** Written by hand: what the operations do, and where tokens come from. Nothing of who may. */
const written = (version: string) => ({
  openapi: version,
  info: { title: 'Blog', version: '1' },
  paths: {
    '/health': { get: { responses: ok } },
    '/me': { get: { responses: ok } },
    '/posts': { get: { responses: ok }, post: { responses: ok } },
    '/posts/{postId}': { get: { parameters: id, responses: ok }, delete: { parameters: id, responses: ok } },
    '/account': { get: { responses: ok }, post: { responses: ok } },
  },
  components: {
    securitySchemes: {
      jwt: {
        type: 'oauth2',
        flows: { clientCredentials: { tokenUrl: 'https://id.example.org/token', scopes: {} } },
      },
    },
  },
});

const permission = (name: string, loads = false) => ({ kind: 'permission', permission: name, loads }) as const;
const routes: readonly AppRoute[] = [
  { method: 'GET', path: '/health', asks: { kind: 'open' } },
  { method: 'GET', path: '/me', asks: { kind: 'optional' } },
  { method: 'GET', path: '/posts', asks: permission('posts:read') },
  { method: 'POST', path: '/posts', asks: permission('posts:create') },
  { method: 'GET', path: '/posts/:id', asks: permission('posts:read', true) },
  { method: 'DELETE', path: '/posts/:id', asks: permission('posts:delete', true) },
  { method: 'GET', path: '/account', asks: { kind: 'authenticated', schemes: ['session'] } },
  { method: 'POST', path: '/account', asks: { kind: 'authenticated', schemes: ['session'], maxAge: 3600 } },
];

const storage = createMemoryStorage();
const keys = createApiKeys({ storage, brand: 'acme', defaultScopes: 'unlimited' });
const sessions = createSessions({ storage, csrf: { origins: [origin] } });
const issuer = await createTestIssuer();
const policy = createPolicy({
  permissions: ['posts:read', 'posts:create', 'posts:delete'],
  roles: { author: ['*'] },
  scopes: { 'read:posts': ['posts:read'] },
  rules: (rule) => ({
    'posts:delete': rule<{ readonly authorId: string }>(
      ({ auth, resource }) => resource.authorId === auth.principal.id,
    ),
  }),
});
let areRolesDown = false;
const guard = createGuard({
  authenticators: [
    keys.authenticator(),
    createJwtVerifier(issuer.verifierOptions).authenticator(),
    sessions.authenticator(),
  ],
  policy,
  roles: () => {
    if (areRolesDown) throw new Error('The database of roles is down.');
    return ['author'];
  },
  onError: () => undefined,
});

async function keyOf(owner: string, settings: object = {}): Promise<string> {
  return (await keys.create({ owner, name: 'a key', ...settings })).key.reveal();
}
async function cookieOf(user: string): Promise<string> {
  let cookie = '';
  const exchange: Exchange = {
    request: {
      method: 'POST',
      url: '/',
      ip: undefined,
      header: (name) => (name === 'origin' ? origin : undefined),
      headerValues: () => [],
    },
    response: { append: (name, value) => void (name === 'set-cookie' && (cookie = value.split(';')[0] ?? '')) },
  };
  await sessions.signIn(exchange, { user });
  return cookie;
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const good = {
  'api-key': bearer(await keyOf('ada')),
  'api-key-header': { 'x-api-key': await keyOf('ada') },
  jwt: bearer(await issuer.mint({ sub: 'ada', scope: 'read:posts posts:create posts:delete' })),
  session: { cookie: await cookieOf('ada'), origin },
} as const;
const slow = bearer(await keyOf('ada', { rateLimit: { limit: 1, windowMs: 3_600_000 } }));
const callers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ...good,
  nobody: {},
  'nobody known': bearer('junk'),
  'somebody twice': { ...good['api-key'], ...good['api-key-header'] },
  'a key of too narrow a scope': bearer(await keyOf('ada', { scopes: [] })),
  'a token of too narrow a scope': bearer(await issuer.mint({ sub: 'ada', scope: 'mail' })),
  'somebody else': bearer(await keyOf('eve')),
  'a key that is used up': slow,
  'another site': { cookie: good.session.cookie, origin: 'https://evil.example' },
};

interface Operation {
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly responses: Readonly<Record<string, { readonly $ref?: string }>>;
}
interface Written {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly responses: Readonly<Record<string, { readonly headers?: object }>> };
}

// The validator compiles the whole schema of OpenAPI.
describe.each(Object.entries(frameworks))('openapi on %s', { timeout: 60_000 }, (_framework, mount) => {
  let app: App;
  beforeAll(async () => {
    app = await mount(guard as Guard as never, routes);
  });
  afterAll(() => app.close());

  const describeIt = (version = '3.1.1') => openapi(app.routes, { document: written(version), guard });
  const operations = () =>
    Object.entries((describeIt().document as unknown as Written).paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
    );
  const call = (path: string, method: string, headers: Readonly<Record<string, string>>, post = '1') =>
    app.fetch(path.replace('{postId}', post), { method: method.toUpperCase(), headers });

  it.each(['3.0.4', '3.1.1'])(
    'makes a document that is valid OpenAPI %s, with nothing left to say',
    async (version) => {
      const { document, findings } = describeIt(version);
      expect(findings).toEqual([]);
      expect(await validate(structuredClone(document) as never)).toMatchObject({ valid: true });
      // The validator has an eye for it.
      const broken = structuredClone(document) as unknown as {
        paths: Record<string, { get: { security: unknown } }>;
      };
      broken.paths['/posts']!.get.security = 'none';
      expect(await validate(broken as never)).toMatchObject({ valid: false });
    },
  );

  it('adds what nobody wrote down, in a document that is valid', async () => {
    const bare = { openapi: '3.1.1', info: { title: 'Blog', version: '1' } };
    const { document, findings } = openapi(app.routes, { document: bare, guard, missing: 'add' });
    expect(findings).toEqual([]);
    expect(await validate(structuredClone(document) as never)).toMatchObject({ valid: true });
    expect(Object.keys((document as unknown as Written).paths).sort()).toEqual(
      ['/account', '/health', '/me', '/posts', '/posts/{id}'].sort(),
    );
  });

  it('documents every answer that is really given, and how it looks', async () => {
    const { components } = describeIt().document as unknown as Written;
    await call('/posts', 'get', slow);
    const seen = new Set<number>();
    const check = async (
      who: string,
      response: Response,
      { path, method, operation }: ReturnType<typeof operations>[number],
    ) => {
      const { status } = response;
      const where = `${method} ${path} for ${who}: ${status}`;
      seen.add(status);
      const documented = operation.responses[status];
      expect(documented, where).toBeDefined();
      if (status === 200) return;
      const { headers = {} } = components.responses[documented?.$ref?.split('/').at(-1) ?? ''] ?? {};
      for (const name of Object.keys(headers))
        if (name !== 'Retry-After' || status === 429) expect(response.headers.get(name), where).not.toBeNull();
      expect(response.headers.get('content-type'), where).toBe('application/problem+json');
      expect(Object.keys((await response.json()) as object), where).toEqual(
        expect.arrayContaining(['type', 'title', 'status', 'code']),
      );
    };
    for (const operation of operations()) {
      const { path, method } = operation;
      for (const [who, headers] of Object.entries(callers))
        await check(who, await call(path, method, headers), operation);
      await check('nothing', await call(path, method, good['api-key'], '0'), operation);
      areRolesDown = true;
      await check('an outage', await call(path, method, good.jwt), operation);
      areRolesDown = false;
    }
    expect([...seen].sort()).toEqual([200, 400, 401, 403, 404, 429, 503]);
  });

  it('names exactly the credentials that are taken', async () => {
    for (const { path, method, operation } of operations()) {
      const isOpen = operation.security.length === 0;
      const names = operation.security.flatMap((one) => Object.keys(one));
      for (const [name, headers] of Object.entries(good)) {
        const { status } = await call(path, method, headers);
        expect([path, method, name, status]).toEqual([path, method, name, isOpen || names.includes(name) ? 200 : 401]);
      }
      const isFree = isOpen || operation.security.some((one) => Object.keys(one).length === 0);
      expect([path, method, (await call(path, method, {})).status]).toEqual([path, method, isFree ? 200 : 401]);
    }
  });

  it('names scopes that are enough, and needed', async () => {
    const scoped = operations().flatMap((each) =>
      each.operation.security.flatMap(({ jwt }) => (jwt === undefined || jwt.length === 0 ? [] : [{ ...each, jwt }])),
    );
    expect(scoped).toHaveLength(4);
    for (const { path, method, jwt } of scoped) {
      const status = async (scope: string) =>
        (await call(path, method, bearer(await issuer.mint({ sub: 'ada', scope })))).status;
      expect([path, method, await status(jwt.join(' ')), await status('other')]).toEqual([path, method, 200, 403]);
    }
  });
});
