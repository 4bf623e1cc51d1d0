/**
 * What framework adapters are made of. Applications need nothing of it.
 *
 * @packageDocumentation
 */
export {
  type Asked,
  type LoadedRequirement,
  type Loader,
  pathParameter,
  readRequireArguments,
  type RequireArguments,
  type ResourceOf,
  type Unruled,
} from '../guard/require-arguments.js';
export {
  admit,
  authOf,
  createGuardState,
  exchangeOf,
  type GuardState,
  optionalAuthOf,
  resourceOf,
} from './guard-state.js';
export { coversOthers, isPassive, markGuard, markPassive, requirementOf } from './guarded-middleware.js';
export { outcomeFields } from './outcome-fields.js';
export { representationFields } from './representation-fields.js';
export { createRouteList, type RouteList } from './route-list.js';
export { createWebExchange, type WebExchange, type WebExchangeOptions, type WebSink } from './web-exchange.js';
