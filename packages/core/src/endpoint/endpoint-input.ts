import type { Exchange } from '../guard/request.js';
import type { EndpointInput } from './endpoint.js';

/** What an adapter knows of a request beside its exchange. */
export interface EndpointInputParts {
  /** Parameters of the route's path; some frameworks have none where the path has none. */
  readonly path: object | undefined;
  /** Reads the body as a form. Called only for a request that says it sends one. */
  readonly readForm: () => Promise<URLSearchParams | undefined>;
}

/** Puts together what an endpoint reads, for the adapter that mounts it. */
export function createEndpointInput({ request, response }: Exchange, parts: EndpointInputParts): EndpointInput {
  return {
    request,
    response,
    path: (parts.path ?? {}) as Readonly<Record<string, string | undefined>>,
    form: async () => (isForm(request.header('content-type')) ? parts.readForm() : undefined),
  };
}

function isForm(contentType: string | undefined): boolean {
  return /^application\/x-www-form-urlencoded[ \t]*(?:;|$)/i.test(contentType ?? '');
}
