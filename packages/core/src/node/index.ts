/**
 * What adapters of Node frameworks share. Structurally typed: nothing of Node is imported.
 *
 * @packageDocumentation
 */
export { clientAddress, readTrustProxy, type TrustProxy } from './client-address.js';
export { createNodeExchange, type NodeExchangeOptions } from './node-exchange.js';
export type { NodeIncoming } from './node-request.js';
export { assertField, createResponseSink, type NodeOutgoing, settledFields } from './response-sink.js';
