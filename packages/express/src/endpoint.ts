import type { Endpoint } from '@portcullis/core/endpoint';
import { formType, readFormStream, readParsedForm } from '@portcullis/core/endpoint';
import { exchangeOf } from '@portcullis/core/adapter';
import { type ExpressRequest, type ExpressResponse, type Next, stateKey } from './express-request.js';

/** Mounts a feature's endpoint as the handler behind a guard: `app.get(path, g.open(), expressEndpoint(endpoint))`. */
export function expressEndpoint(endpoint: Endpoint): (req: object, res: object, next: Next) => void {
  const answer = async (req: ExpressRequest & { readonly body?: unknown }, res: ExpressResponse): Promise<void> => {
    const exchange = exchangeOf(req[stateKey]);
    const { status, headers, body } = await endpoint({
      request: exchange.request,
      response: exchange.response,
      path: (req.params ?? {}) as Readonly<Record<string, string | undefined>>,
      async form() {
        if (!formType(exchange.request.header('content-type'))) return undefined;
        // A body parser that ran has left an object; one that did not has left nothing.
        return req.body === undefined ? readFormStream(req as never) : readParsedForm(req.body);
      },
    });
    for (const [name, value] of headers) res.setHeader(name, value);
    res.statusCode = status;
    res.end(body ?? '');
  };
  return (req, res, next) => {
    answer(req as ExpressRequest, res as ExpressResponse).catch(next);
  };
}
