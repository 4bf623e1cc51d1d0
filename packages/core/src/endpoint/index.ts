/**
 * A request handler that knows no framework, for features that bring routes of their own. Each adapter mounts one behind its guard.
 * @packageDocumentation
 */
export type { Endpoint, EndpointAnswer, EndpointInput } from './endpoint.js';
export { createEndpointInput, type EndpointInputParts } from './endpoint-input.js';
export { parseForm, readFormStream, readNodeForm, readParsedForm } from './form.js';
