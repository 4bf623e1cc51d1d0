/**
 * Portcullis for Hono 4.
 *
 * @packageDocumentation
 */
export type { AssertClosedOptions } from './audit-routes.js';
export { honoEndpoint } from './endpoint.js';
export { type HonoGuard, type HonoGuardOptions, honoGuard } from './hono-guard.js';
export type { HonoMiddleware } from './hono-request.js';
