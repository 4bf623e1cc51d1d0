/**
 * Portcullis for Koa 2 and 3 with @koa/router.
 *
 * @packageDocumentation
 */
export type { AssertClosedOptions } from './audit-routes.js';
export { koaEndpoint } from './endpoint.js';
export { type KoaGuard, type KoaGuardOptions, koaGuard } from './koa-guard.js';
export type { KoaContext, KoaMiddleware, KoaNext, KoaSource } from './koa-request.js';
