import type { Endpoint } from '@portcullis/core/endpoint';
import { formType, readFormStream, readParsedForm } from '@portcullis/core/endpoint';
import { exchangeOf } from '@portcullis/core/adapter';
import { type FastifyReply, type GuardedRequest, stateKey } from './fastify-request.js';

/**
 * Mounts a feature's endpoint as the handler behind a guard: `app.get(path, { onRequest: g.open() }, fastifyEndpoint(endpoint))`.
 * Fastify itself answers 415 to a form that it has no parser for: register `@fastify/formbody` where providers post.
 */
export function fastifyEndpoint(endpoint: Endpoint): (request: object, reply: object) => Promise<unknown> {
  return async (plain, plainReply) => {
    const request = plain as GuardedRequest & { readonly body?: unknown };
    const reply = plainReply as FastifyReply;
    const exchange = exchangeOf(request[stateKey]);
    const { status, headers, body } = await endpoint({
      request: exchange.request,
      response: exchange.response,
      path: (request.params ?? {}) as Readonly<Record<string, string | undefined>>,
      async form() {
        if (!formType(exchange.request.header('content-type'))) return undefined;
        // A body parser that ran has left an object or a text; one that did not has left nothing.
        return request.body === undefined || request.body === null
          ? readFormStream(request.raw as never)
          : readParsedForm(request.body);
      },
    });
    for (const [name, value] of headers) reply.header(name, value);
    reply.code(status);
    return reply.send(body ?? '');
  };
}
