import { exchangeOf } from '@portcullis/core/adapter';
import { createEndpointInput, type Endpoint, readNodeForm } from '@portcullis/core/endpoint';
import { type KoaContext, type RoutedContext, stateKey } from './koa-request.js';

/** Mounts a feature's endpoint as the handler behind a guard: `router.get(path, g.open(), koaEndpoint(endpoint))`. */
export function koaEndpoint(endpoint: Endpoint): (ctx: KoaContext) => Promise<void> {
  return async (ctx: RoutedContext & { readonly request?: { readonly body?: unknown } }) => {
    const input = createEndpointInput(exchangeOf(ctx[stateKey]), {
      path: ctx.params,
      readForm: () => readNodeForm(ctx.req, ctx.request?.body),
    });
    const { status, headers, body } = await endpoint(input);
    for (const [name, value] of headers) ctx.set(name, value);
    ctx.status = status;
    // An empty text, not nothing: Koa would make a 204 of that.
    ctx.body = body ?? '';
  };
}
