/**
 * Portcullis for Fastify 4 and 5.
 *
 * @packageDocumentation
 */
export type { AssertClosedOptions } from './audit-routes.js';
export { fastifyEndpoint } from './endpoint.js';
export { type FastifyGuard, type FastifyGuardOptions, fastifyGuard } from './fastify-guard.js';
export type {
  FastifyDone,
  FastifyErrorHandler,
  FastifyIncoming,
  FastifyMiddleware,
  FastifyOutgoing,
  FastifySource,
} from './fastify-request.js';
