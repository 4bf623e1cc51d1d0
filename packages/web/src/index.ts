/**
 * Portcullis for fetch handlers: Next.js, SvelteKit, React Router, Bun, Deno and Workers.
 *
 * @packageDocumentation
 */
export type { AssertClosedOptions } from './audit-routes.js';
export type { WebFetch, WebHandler, WebRouteOptions, WebRoutes } from './closed-routes.js';
export { webEndpoint } from './endpoint.js';
export { type WebGuard, type WebGuardOptions, webGuard } from './web-guard.js';
export type {
  ReadAddress,
  WebArguments,
  WebContext,
  WebHandling,
  WebMiddleware,
  WebParams,
  WebSource,
} from './web-request.js';
