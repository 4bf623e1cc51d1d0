import { exchangeOf } from '@portcullis/core/adapter';
import { createEndpointInput, type Endpoint, readFormStream } from '@portcullis/core/endpoint';
import { stateFor, type WebParams, type WebSource } from './web-request.js';

/** Mounts a feature's endpoint as the handler that a guard takes: `g.open()(webEndpoint(endpoint))`. */
export function webEndpoint(endpoint: Endpoint): (source: WebSource) => Promise<Response> {
  return async ({ request, params }) => {
    const input = createEndpointInput(exchangeOf(stateFor(request)), {
      path: singles(params),
      readForm: async () => (request.body === null ? new URLSearchParams() : readFormStream(request.body as never)),
    });
    const { status, headers, body } = await endpoint(input);
    return new Response(body ?? null, {
      status,
      headers: headers.map(([name, value]): [string, string] => [name, value]),
    });
  };
}

/** Parameters that stand for one segment: an endpoint's path has no others. */
function singles(params: WebParams): Readonly<Record<string, string | undefined>> {
  const one = (value: WebParams[string]): string | undefined => (typeof value === 'string' ? value : undefined);
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, one(value)]));
}
