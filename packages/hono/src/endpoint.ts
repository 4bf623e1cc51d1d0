import type { Endpoint } from '@portcullis/core/endpoint';
import { formType, parseForm, readFormStream } from '@portcullis/core/endpoint';
import { exchangeOf } from '@portcullis/core/adapter';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { type GuardedContext, stateKey } from './hono-request.js';

/** Mounts a feature's endpoint as the handler behind a guard: `app.get(path, g.open(), honoEndpoint(endpoint))`. */
export function honoEndpoint(endpoint: Endpoint): (c: Context) => Promise<Response> {
  return async (c: GuardedContext) => {
    const exchange = exchangeOf(c[stateKey]?.state);
    const { status, headers, body } = await endpoint({
      request: exchange.request,
      response: exchange.response,
      path: c.req.param() as Readonly<Record<string, string | undefined>>,
      async form() {
        if (!formType(exchange.request.header('content-type'))) return undefined;
        const { body: stream, bodyUsed } = c.req.raw;
        // A validator that read the body has left it with Hono.
        if (bodyUsed) return parseForm(await c.req.text());
        return stream === null ? new URLSearchParams() : readFormStream(stream as never);
      },
    });
    for (const [name, value] of headers) c.header(name, value);
    return c.body(body ?? '', status as ContentfulStatusCode);
  };
}
