import type { Endpoint } from '@portcullis/core/endpoint';
import { formType, readFormStream, readParsedForm } from '@portcullis/core/endpoint';
import { exchangeOf } from '@portcullis/core/adapter';
import { type KoaContext, type RoutedContext, stateKey } from './koa-request.js';

/** Mounts a feature's endpoint as the handler behind a guard: `router.get(path, g.open(), koaEndpoint(endpoint))`. */
export function koaEndpoint(endpoint: Endpoint): (ctx: KoaContext) => Promise<void> {
  return async (ctx: RoutedContext & { readonly request?: { readonly body?: unknown } }) => {
    const exchange = exchangeOf(ctx[stateKey]);
    const { status, headers, body } = await endpoint({
      request: exchange.request,
      response: exchange.response,
      path: (ctx.params ?? {}) as Readonly<Record<string, string | undefined>>,
      async form() {
        if (!formType(exchange.request.header('content-type'))) return undefined;
        // A body parser that ran has left an object; one that did not has left nothing.
        const parsed = ctx.request?.body;
        return parsed === undefined ? readFormStream(ctx.req as never) : readParsedForm(parsed);
      },
    });
    for (const [name, value] of headers) ctx.set(name, value);
    ctx.status = status;
    // An empty text, not nothing: Koa would make a 204 of that.
    ctx.body = body ?? '';
  };
}
