import { anyOf, allOf, type Authenticator, createPolicy, type Requirement, routeEntry } from '@portcullis/core';
import { openapi, type OpenApiDocument, type OpenApiOptions } from '@portcullis/core/openapi';
import { describe, expect, it } from 'vitest';

const stranger: Pick<Authenticator, 'claims' | 'authenticate'> = {
  claims: () => false,
  authenticate: () => ({ outcome: 'absent' }),
};
const key: Authenticator = {
  ...stranger,
  scheme: 'api-key',
  transport: 'explicit',
  challenge: () => ({ scheme: 'Bearer', params: {} }),
  description: {
    places: [
      { in: 'authorization', scheme: 'Bearer' },
      { in: 'header', name: 'X-API-Key' },
    ],
    statuses: [429],
  },
};
const jwt: Authenticator = {
  ...stranger,
  scheme: 'jwt',
  transport: 'explicit',
  challenge: () => ({ scheme: 'Bearer', params: {} }),
  description: { places: [{ in: 'authorization', scheme: 'Bearer', format: 'JWT' }] },
};
// Described by its challenge alone.
const session: Authenticator = {
  ...stranger,
  scheme: 'session',
  transport: 'ambient',
  challenge: () => ({ scheme: 'Cookie', params: { 'cookie-name': '__Host-sid' } }),
};
const certificate: Authenticator = {
  ...stranger,
  scheme: 'mtls',
  transport: 'explicit',
  challenge: () => undefined,
};

const policy = createPolicy({
  permissions: ['posts:read', 'posts:create', 'posts:delete'],
  scopes: { 'read:posts': ['posts:read'] },
});
const authenticators = [key, jwt, session];

const reads: Requirement = { kind: 'permission', permission: 'posts:read' };
const authenticated: Requirement = { kind: 'authenticated' };

interface Operation {
  readonly security?: unknown;
  readonly 'x-permission'?: unknown;
  readonly parameters?: unknown;
  readonly responses: Readonly<Record<string, unknown>>;
}
interface Written extends OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const base = { openapi: '3.1.0', info: { title: 'Blog', version: '1' } };
const ok = (): Operation => ({ responses: { 200: { description: 'Done.' } } });

function write(
  routes: readonly (readonly [method: string, path: string, asks: Requirement | undefined])[],
  document: object,
  options: Partial<OpenApiOptions<OpenApiDocument>> = {},
) {
  const entries = routes.map(([method, path, asks]) => routeEntry(method, path, asks));
  const guard = options.guard ?? { authenticators, policy };
  const result = openapi(entries, { ...options, guard, document: { ...base, ...document } });
  const told = result.findings.map(({ kind, at }) => `${kind} ${at}`);
  return { ...result, document: result.document as unknown as Written, told };
}

/** What becomes of one GET operation on a route that asks this. */
const operationFor = (asks: Requirement, options: Partial<OpenApiOptions<OpenApiDocument>> = {}) =>
  write([['GET', '/x', asks]], { paths: { '/x': { get: ok() } } }, options).document.paths['/x']?.['get'] as Operation;

describe('openapi', () => {
  it('describes the credentials that the guard reads, in all of their places', () => {
    const { components } = write([], {}).document;
    const description = expect.stringContaining('browser');
    expect(components['securitySchemes']).toEqual({
      'api-key': { type: 'http', scheme: 'bearer' },
      'api-key-header': { type: 'apiKey', in: 'header', name: 'X-API-Key' },
      jwt: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      session: { type: 'apiKey', in: 'cookie', name: '__Host-sid', description },
    });
  });

  it('writes what each guard takes', () => {
    const all = [{ 'api-key': [] }, { 'api-key-header': [] }, { jwt: [] }, { session: [] }];
    expect(operationFor({ kind: 'open' }).security).toEqual([]);
    expect(operationFor({ kind: 'optional' }).security).toEqual([{}, ...all]);
    expect(operationFor(authenticated).security).toEqual(all);
    expect(operationFor({ ...authenticated, schemes: ['session'] }).security).toEqual([{ session: [] }]);
    expect(operationFor(authenticated)).not.toHaveProperty('x-permission');
    expect(operationFor(reads)).toMatchObject({ security: all, 'x-permission': 'posts:read' });
    const permission = anyOf('posts:read', 'posts:create');
    expect(operationFor({ kind: 'permission', permission })['x-permission']).toEqual(permission);
  });

  it('names scopes where the scheme has them: the narrowest that does, alternatives apart', () => {
    const flows = {
      clientCredentials: { tokenUrl: 'https://id.example.org/token', scopes: { 'read:posts': 'Mine.' } },
    };
    const document = { components: { securitySchemes: { jwt: { type: 'oauth2', flows } } } };
    const ask = (permission: Extract<Requirement, { kind: 'permission' }>['permission']) =>
      write([['GET', '/x', { kind: 'permission', permission, schemes: ['jwt'] }]], {
        ...document,
        paths: { '/x': { get: ok() } },
      });
    expect(ask('posts:read').document.paths['/x']?.['get']?.security).toEqual([{ jwt: ['read:posts'] }]);
    const either = ask(anyOf('posts:read', allOf('posts:create', 'posts:delete')));
    expect(either.document.paths['/x']?.['get']?.security).toEqual([
      { jwt: ['read:posts'] },
      { jwt: ['posts:create', 'posts:delete'] },
    ]);
    // OpenAPI wants each in a flow; what was written there stays.
    expect(either.document.components['securitySchemes']?.['jwt']).toMatchObject({
      flows: { clientCredentials: { scopes: { 'read:posts': 'Mine.', 'posts:create': '', 'posts:delete': '' } } },
    });
    expect(either.findings).toEqual([]);
    expect(flows.clientCredentials.scopes).toEqual({ 'read:posts': 'Mine.' });
  });

  it.each([
    ['an open route', 'get', { kind: 'open' }, []],
    ['an optional one', 'get', { kind: 'optional' }, [400, 401, 429, 503]],
    ['one for everyone who has signed in', 'get', authenticated, [400, 401, 429, 503]],
    ['a change, which may come from another site', 'post', authenticated, [400, 401, 403, 429, 503]],
    ['a change without cookies', 'post', { ...authenticated, schemes: ['jwt'] }, [400, 401, 503]],
    ['a permission', 'get', reads, [400, 401, 403, 429, 503]],
    ['a permission without keys', 'get', { ...reads, schemes: ['jwt'] }, [400, 401, 403, 503]],
    ['a resource', 'get', { ...reads, loads: true }, [400, 401, 403, 404, 429, 503]],
  ] satisfies [string, string, Requirement, number[]][])(
    'writes how %s may refuse',
    (_what, method, asks, statuses) => {
      const { document } = write([[method.toUpperCase(), '/x', asks]], { paths: { '/x': { [method]: ok() } } });
      const { responses } = document.paths['/x']?.[method] as Operation;
      expect(Object.keys(responses).map(Number)).toEqual([200, ...statuses].sort());
      for (const status of statuses) {
        const { $ref } = responses[status] as { $ref: string };
        const shared = document.components['responses']?.[$ref.split('/').at(-1) ?? ''];
        expect(shared).toMatchObject({
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemDetails' } } },
        });
      }
      if (statuses.length > 0)
        expect(document.components['responses']).toHaveProperty('Unauthorized.headers.WWW-Authenticate');
    },
  );

  it('keeps what was written by hand, and tells where it says another thing', () => {
    const mine = {
      security: [{ jwt: [] }],
      'x-permission': 'posts:create',
      responses: { 401: { description: 'Mine.' } },
    };
    const { document, told } = write([['GET', '/x', reads]], {
      paths: { '/x': { get: mine } },
      components: {
        schemas: { ProblemDetails: { type: 'object', title: 'Mine.' } },
        responses: { Forbidden: { description: 'Mine.' } },
        securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: 'sid' } },
      },
    });
    expect(document.paths['/x']?.['get']).toMatchObject(mine);
    expect(document.paths['/x']?.['get']?.responses[403]).toEqual({ $ref: '#/components/responses/Forbidden' });
    expect(document.components).toMatchObject({
      schemas: { ProblemDetails: { title: 'Mine.' } },
      responses: { Forbidden: { description: 'Mine.' } },
      securitySchemes: { session: { name: 'sid' } },
    });
    expect(told).toEqual(['differs components.securitySchemes.session', 'differs GET /x', 'differs GET /x']);
  });

  it('takes what says the same for the same, in any order', () => {
    const security = [{ session: [] }, { jwt: [] }, { 'api-key-header': [] }, { 'api-key': [] }];
    const paths = { '/x': { get: { ...ok(), security, 'x-permission': 'posts:read' } } };
    expect(write([['GET', '/x', reads]], { paths }).told).toEqual([]);
    expect(
      write([['GET', '/x', { kind: 'open' }]], { paths: { '/x': { get: { ...ok(), security: [{}] } } } }).told,
    ).toEqual(['differs GET /x']);
  });

  it('tells routes that the document lacks, and operations that nothing serves or that state nothing', () => {
    const paths = { '/posts/{postId}': { get: ok(), delete: ok() }, '/bare': { get: ok() }, 'x-note': {} };
    const { document, told } = write(
      [
        ['GET', '/posts/:id', reads],
        ['POST', '/posts', reads],
        ['GET', '/bare', undefined],
        ['*', '/files/*', { kind: 'open' }],
        ['GET', '/^a(.*)$/', { kind: 'open' }],
      ],
      { paths },
    );
    expect(told).toEqual([
      'unserved DELETE /posts/{postId}',
      'closed GET /bare',
      'undocumented POST /posts',
      'undocumented * /files/{rest}',
      'undocumented GET /^a(.*)$/',
    ]);
    expect(document.paths['/bare']?.['get']).toEqual(ok());
    expect(document.paths['/posts/{postId}']?.['delete']).toEqual(ok());
  });

  it('passes over what is no route', () => {
    const opaque = { method: '*', path: '/files serveStatic', state: 'opaque' } as const;
    const covered = routeEntry('*', '/files serveStatic', authenticated);
    const { findings } = openapi([opaque, covered], { document: base, guard: { authenticators, policy } });
    expect(findings).toEqual([]);
  });

  it('finds the route of HEAD, of every method, and the first of two', () => {
    const paths = { '/x': { head: ok(), get: ok() }, '/all': { patch: ok() } };
    const { document, told } = write(
      [
        ['GET', '/x', { kind: 'open' }],
        ['GET', '/x', reads],
        ['*', '/all', authenticated],
      ],
      { paths },
    );
    expect(document.paths['/x']?.['head']?.security).toEqual([]);
    expect(document.paths['/x']?.['get']?.security).toEqual([]);
    expect(document.paths['/all']?.['patch']?.security).toHaveLength(4);
    expect(told).toEqual(['undocumented GET /x']);
  });

  it('reads paths behind the server of the document, and leaves out the others', () => {
    const { document, told } = write(
      [
        ['GET', '/api', { kind: 'open' }],
        ['GET', '/api/x/:id', reads],
        ['GET', '/apish', reads],
        ['GET', '/sign-in', { kind: 'open' }],
      ],
      { paths: { '/': { get: ok() }, '/x/{id}': { get: ok() } } },
      { basePath: '/api' },
    );
    expect(told).toEqual([]);
    expect(document.paths['/x/{id}']?.['get']?.['x-permission']).toBe('posts:read');
  });

  it('adds what is missing when it is told to: where it is, who may, and how it refuses', () => {
    const { document, told } = write(
      [
        ['GET', '/posts/:id/:part?', { ...reads, loads: true }],
        ['DELETE', '/posts/:post', { kind: 'open' }],
        ['GET', '/files/*', { kind: 'open' }],
        ['*', '/all', { kind: 'open' }],
        ['GET', '/bare', undefined],
      ],
      { paths: { '/posts/{id}': { parameters: [] } } },
      { missing: 'add' },
    );
    expect(Object.keys(document.paths)).toEqual(['/posts/{id}', '/posts/{id}/{part}']);
    expect(Object.keys(document.paths['/posts/{id}'] ?? {})).toEqual(['parameters', 'get', 'delete']);
    expect(document.paths['/posts/{id}/{part}']?.['get']).toMatchObject({
      parameters: [
        { name: 'id', in: 'path', required: true },
        { name: 'part', in: 'path', required: true },
      ],
      'x-permission': 'posts:read',
      responses: { '2XX': {}, 404: {} },
    });
    expect(told).toEqual(['undocumented GET /files/{rest}', 'undocumented * /all', 'undocumented GET /bare']);
  });

  it('changes nothing of what it was given', () => {
    const document = { ...base, paths: { '/x': { get: ok() } }, components: { schemas: {} } };
    const before = structuredClone(document);
    const routes = [routeEntry('GET', '/x', reads)];
    const first = openapi(routes, { document, guard: { authenticators, policy } });
    const second = openapi(routes, { document: first.document, guard: { authenticators, policy } });
    expect(document).toEqual(before);
    // Its own words are no longer anybody else's: once more changes nothing, and finds nothing.
    expect(second).toEqual(first);
  });

  it('would let no route look open whose credential nobody can describe', () => {
    const guard = { authenticators: [certificate], policy };
    expect(() => write([], {}, { guard })).toThrow(/"mtls" has neither a description nor a challenge/);
    const described = { components: { securitySchemes: { mtls: { type: 'mutualTLS' } } } };
    const { document } = write(
      [['GET', '/x', authenticated]],
      { ...described, paths: { '/x': { get: ok() } } },
      { guard },
    );
    expect(document.paths['/x']?.['get']?.security).toEqual([{ mtls: [] }]);
  });

  it('gives each scheme a name of its own, of the characters that a component may have', () => {
    const other: Authenticator = { ...key, scheme: 'api key' };
    const { components } = write([], {}, { guard: { authenticators: [other, key], policy } }).document;
    expect(Object.keys(components['securitySchemes'] ?? {})).toEqual([
      'api-key',
      'api-key-header',
      'api-key-2',
      'api-key-header-2',
    ]);
  });

  it('takes OpenAPI 3.0 to 3.2, and refuses what it cannot read', () => {
    for (const version of ['3.0.4', '3.1.1', '3.2.0']) expect(() => write([], { openapi: version })).not.toThrow();
    for (const document of [
      { openapi: '2.0' },
      { openapi: '4.0.0' },
      { paths: [] },
      { paths: { '/x': null } },
      { paths: { '/x': { get: 1 } } },
      { components: 1 },
      { components: { securitySchemes: { jwt: 1 } } },
    ])
      expect(() => write([], document)).toThrow(expect.objectContaining({ code: 'invalid_option' }));
    for (const basePath of ['api', '/api/', '/{a}', '/']) expect(() => write([], {}, { basePath })).toThrow(/basePath/);
    expect(() => write([], {}, { missing: 'no' as 'add' })).toThrow(/missing/);
  });
});
