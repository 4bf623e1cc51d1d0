/**
 * Portcullis for Express 4 and 5.
 *
 * @packageDocumentation
 */
export type { AssertClosedOptions } from './audit-routes.js';
export { expressEndpoint } from './endpoint.js';
export { type ExpressGuard, type ExpressGuardOptions, expressGuard } from './express-guard.js';
export type { ExpressMiddleware, ExpressNext, ExpressResponse } from './express-request.js';
