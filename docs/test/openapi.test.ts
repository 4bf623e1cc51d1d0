import { describe, expect, it } from 'vitest';
import { app, findings, keys } from '../snippets/guide/openapi.js';
import '../snippets/guide/your-openapi.js';

interface Operation {
  readonly security: unknown;
  readonly 'x-permission': string;
  readonly responses: Readonly<Record<string, unknown>>;
}

describe('the guide on OpenAPI', () => {
  it('serves the document of the page, with what the guards say', async () => {
    const document = (await (await app.request('/openapi.json')).json()) as {
      readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
      readonly components: { readonly securitySchemes: object };
    };
    const read = document.paths['/posts']?.['get'];
    expect(read).toEqual({
      summary: 'All posts',
      security: [{ 'api-key': [] }, { 'api-key-header': [] }],
      'x-permission': 'posts:read',
      responses: {
        200: { description: 'The posts.' },
        400: { $ref: '#/components/responses/BadRequest' },
        401: { $ref: '#/components/responses/Unauthorized' },
        403: { $ref: '#/components/responses/Forbidden' },
        429: { $ref: '#/components/responses/TooManyRequests' },
        503: { $ref: '#/components/responses/ServiceUnavailable' },
      },
    });
    expect(Object.keys(document.components.securitySchemes)).toEqual(['api-key', 'api-key-header']);
    expect(findings).toEqual([]);
  });

  it('gives the answers that it documents', async () => {
    const { key } = await keys.create({ owner: 'ada', scopes: ['posts:read'] });
    const call = async (method: string, headers = {}) => (await app.request('/posts', { method, headers })).status;
    const narrow = { 'x-api-key': key.reveal() };
    expect([await call('GET'), await call('GET', narrow), await call('POST', narrow)]).toEqual([401, 200, 403]);
  });
});
