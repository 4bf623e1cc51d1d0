import { validate } from '@readme/openapi-parser';
import { describe, expect, it } from 'vitest';
import { createClient } from '../src/api-client.js';
import { starting, useExample } from './support/harness.js';

interface Operation {
  readonly security: readonly Readonly<Record<string, unknown>>[];
  readonly 'x-permission'?: string;
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, unknown>>;
}
interface Document {
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly securitySchemes: object };
}

const harness = useExample('hybrid');

async function read(): Promise<Document> {
  const { status, body } = await createClient(harness.example.url).call<Document>('GET', '/api/openapi.json');
  expect(status).toBe(200);
  return body;
}

describe('the OpenAPI document of examples/hybrid', { timeout: starting }, () => {
  it('is valid, and names the credentials that the service takes', async () => {
    const document = await read();
    expect(await validate(structuredClone(document) as never)).toMatchObject({ valid: true });
    expect(document.components.securitySchemes).toMatchObject({
      'api-key': { type: 'http', scheme: 'bearer' },
      'api-key-header': { type: 'apiKey', in: 'header', name: 'X-API-Key' },
      jwt: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      session: { type: 'apiKey', in: 'cookie', name: '__Host-sid' },
    });
  });

  it('says who may what, as the guards do', async () => {
    const { paths } = await read();
    const asked = Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, { security, ...rest }]) => [
        `${method} ${path}`,
        security.length === 0 ? 'open' : (rest['x-permission'] ?? 'authenticated'),
      ]),
    );
    expect(Object.fromEntries(asked)).toEqual({
      'get /me': 'authenticated',
      'get /posts': 'posts:read',
      'post /posts': 'posts:create',
      'get /posts/{id}': 'posts:read',
      'delete /posts/{id}': 'posts:delete',
      'get /keys': 'keys:read',
      'post /keys': 'keys:create',
      'post /keys/{id}/rotate': 'keys:rotate',
      'delete /keys/{id}': 'keys:revoke',
      'get /routes': 'routes:read',
      'get /openapi.json': 'open',
      'post /tokens': 'open',
      'post /tokens/refresh': 'open',
      'post /tokens/revoke': 'open',
    });
  });

  it('has every answer that the service gives', async () => {
    const { servers, paths } = await read();
    const base = servers[0]?.url ?? '';
    const seen = new Set<number>();
    const narrow = harness.as((await harness.issue(harness.ada, { scopes: [] })).key);
    const bodies: Readonly<Record<string, object>> = {
      '/posts': { title: 'A title', body: 'Some words.' },
      '/keys': { name: 'a key' },
      '/tokens': { email: 'ada@example.org', password: 'not the password' },
    };
    const callers = {
      anonymous: createClient(harness.example.url),
      junk: harness.as('junk'),
      narrow,
      rex: harness.rex,
      ada: harness.ada,
      root: harness.root,
    };
    for (const [path, item] of Object.entries(paths)) {
      for (const [method, { requestBody, responses }] of Object.entries(item)) {
        for (const [who, caller] of Object.entries(callers)) {
          const { id } = path.startsWith('/keys') ? await harness.issue(harness.rex) : await harness.write(harness.ada);
          const inputs =
            requestBody === undefined
              ? [{}]
              : [
                  { json: bodies[path] ?? {} },
                  { json: { junk: 1 } },
                  { raw: '{', headers: { 'content-type': 'application/json' } },
                  { raw: 'text' },
                ];
          for (const input of inputs) {
            const { status } = await caller.call(method.toUpperCase(), base + path.replace('{id}', String(id)), input);
            seen.add(status);
            expect([method, path, who, status, Object.keys(responses)]).toEqual([
              method,
              path,
              who,
              status,
              expect.arrayContaining([String(status)]),
            ]);
          }
        }
      }
    }
    for (const status of [200, 201, 204, 400, 401, 403, 404, 415, 422]) expect(seen).toContain(status);
  });
});
