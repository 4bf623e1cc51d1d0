import { exchangeOf } from '@portcullis/core/adapter';
import { createEndpointInput, type Endpoint, readNodeForm } from '@portcullis/core/endpoint';
import { type FastifyOutgoing, type GuardedRequest, stateKey } from './fastify-request.js';

/**
 * Mounts a feature's endpoint as the handler behind a guard: `app.get(path, { onRequest: g.open() }, fastifyEndpoint(endpoint))`.
 * Fastify itself answers 415 to a form that it has no parser for: register `@fastify/formbody` where providers post.
 */
export function fastifyEndpoint(endpoint: Endpoint): (request: object, reply: object) => Promise<unknown> {
  return async (plain, plainReply) => {
    const request = plain as GuardedRequest & { readonly body?: unknown };
    const reply = plainReply as FastifyOutgoing;
    const input = createEndpointInput(exchangeOf(request[stateKey]), {
      path: request.params as object | undefined,
      // Where no parser ran there may be null.
      readForm: () => readNodeForm(request.raw, request.body ?? undefined),
    });
    const { status, headers, body } = await endpoint(input);
    for (const [name, value] of headers) reply.header(name, value);
    reply.code(status);
    return reply.send(body ?? '');
  };
}
