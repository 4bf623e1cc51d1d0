import { exchangeOf } from '@portcullis/core/adapter';
import { createEndpointInput, type Endpoint, readNodeForm } from '@portcullis/core/endpoint';
import { type ExpressRequest, type ExpressResponse, type ExpressNext, stateKey } from './express-request.js';

/** Mounts a feature's endpoint as the handler behind a guard: `app.get(path, g.open(), expressEndpoint(endpoint))`. */
export function expressEndpoint(endpoint: Endpoint): (req: object, res: object, next: ExpressNext) => void {
  const answer = async (req: ExpressRequest & { readonly body?: unknown }, res: ExpressResponse): Promise<void> => {
    const input = createEndpointInput(exchangeOf(req[stateKey]), {
      path: req.params,
      readForm: () => readNodeForm(req, req.body),
    });
    const { status, headers, body } = await endpoint(input);
    for (const [name, value] of headers) res.setHeader(name, value);
    res.statusCode = status;
    res.end(body ?? '');
  };
  return (req, res, next) => {
    answer(req as ExpressRequest, res as ExpressResponse).catch(next);
  };
}
