/**
 * Refuses cross-site request forgery: plain functions for credentials that a browser sends by itself.
 * @packageDocumentation
 */
export type { BoundTokensOptions } from '../runtime/bound-tokens.js';
export {
  createOriginCheck,
  type OriginCheck,
  type OriginCheckOptions,
  type OriginEvidence,
  type OriginVerdict,
} from './origin-check.js';
export { createCsrfTokens, type CsrfTokens, type CsrfTokensOptions } from './csrf-tokens.js';
export { isJsonContentType } from './json-content-type.js';
