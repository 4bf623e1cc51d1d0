/**
 * What guards say of an API, written into its OpenAPI document.
 * @packageDocumentation
 */
export {
  type DescribedGuard,
  openapi,
  type OpenApiDocument,
  type OpenApiFinding,
  type OpenApiOptions,
  type OpenApiResult,
} from './openapi.js';
export type { DescribedAuthenticator } from './security-schemes.js';
