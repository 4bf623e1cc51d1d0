import type { AuthRequest, Exchange, ResponseSink } from '../guard/request.js';
import type { TrustProxy } from './client-address.js';
import { type NodeIncoming, NodeRequest } from './node-request.js';
import { createResponseSink, type NodeOutgoing } from './response-sink.js';

/** What the two streams do not say themselves. */
export interface NodeExchangeOptions {
  /** Path and query as received: routers shorten `incoming.url` on the way. */
  readonly url: string;
  readonly trustProxy: TrustProxy;
}

/** Both ends of a request, of which the second is made when it is asked for. */
class NodeExchange implements Exchange {
  readonly request: AuthRequest;
  readonly #outgoing: NodeOutgoing;
  #response: ResponseSink | undefined;

  constructor(request: AuthRequest, outgoing: NodeOutgoing) {
    this.request = request;
    this.#outgoing = outgoing;
  }

  get response(): ResponseSink {
    return (this.#response ??= createResponseSink(this.#outgoing));
  }
}

/**
 * Both ends of a Node request, without copying or parsing anything: header fields are found by scanning `rawHeaders`.
 * Make one for each request and keep it: two sinks for one response both write their fields.
 */
export function createNodeExchange(
  incoming: NodeIncoming,
  outgoing: NodeOutgoing,
  { url, trustProxy }: NodeExchangeOptions,
): Exchange {
  return new NodeExchange(new NodeRequest(incoming, outgoing, url, trustProxy), outgoing);
}
