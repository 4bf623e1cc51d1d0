import { exchangeOf } from '@portcullis/core/adapter';
import { createEndpointInput, type Endpoint, parseForm, readFormStream } from '@portcullis/core/endpoint';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { type GuardedContext, stateKey } from './hono-request.js';

/** Mounts a feature's endpoint as the handler behind a guard: `app.get(path, g.open(), honoEndpoint(endpoint))`. */
export function honoEndpoint(endpoint: Endpoint): (c: Context) => Promise<Response> {
  return async (c: GuardedContext) => {
    const input = createEndpointInput(exchangeOf(c[stateKey]?.state), {
      path: c.req.param(),
      async readForm() {
        const { body: stream, bodyUsed } = c.req.raw;
        // A validator that read the body has left it with Hono.
        if (bodyUsed) return parseForm(await c.req.text());
        return stream === null ? new URLSearchParams() : readFormStream(stream as never);
      },
    });
    const { status, headers, body } = await endpoint(input);
    for (const [name, value] of headers) c.header(name, value);
    return c.body(body ?? '', status as ContentfulStatusCode);
  };
}
