import type { AuthRequest } from '../guard/request.js';
import { clientAddress, type TrustProxy } from './client-address.js';
import type { NodeOutgoing } from './response-sink.js';

/** What is read of Node's `IncomingMessage` (and of the HTTP/2 compatibility request). */
export interface NodeIncoming {
  readonly method?: string | undefined;
  readonly rawHeaders: readonly string[];
  readonly socket?: { readonly remoteAddress?: string | undefined } | null | undefined;
}

const none: readonly string[] = /* @__PURE__ */ Object.freeze([]);

/** Whether a field name equals `lower`, which is in lower case. Folds A to Z only and allocates nothing. */
function sameName(name: string, lower: string): boolean {
  if (name === lower) return true;
  if (name.length !== lower.length) return false;
  for (let at = 0; at < lower.length; at++) {
    const code = name.charCodeAt(at);
    if ((code >= 0x41 && code <= 0x5a ? code + 0x20 : code) !== lower.charCodeAt(at)) return false;
  }
  return true;
}

/**
 * `AuthRequest` over `rawHeaders`, because `headers` keeps only the first of two Authorization fields.
 * A class, though an internal one: a request costs one object, where closures would cost seven.
 */
export class NodeRequest implements AuthRequest {
  readonly #incoming: NodeIncoming;
  readonly #outgoing: NodeOutgoing;
  readonly #trustProxy: TrustProxy;
  readonly url: string;

  constructor(incoming: NodeIncoming, outgoing: NodeOutgoing, url: string, trustProxy: TrustProxy) {
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    this.#trustProxy = trustProxy;
    this.url = url;
  }

  get method(): string {
    return this.#incoming.method ?? '';
  }

  get ip(): string | undefined {
    const forwarded = this.#trustProxy === false ? none : this.headerValues('x-forwarded-for');
    return clientAddress(this.#incoming.socket?.remoteAddress, forwarded, this.#trustProxy);
  }

  header(name: string): string | undefined {
    const { rawHeaders } = this.#incoming;
    for (let at = 0; at < rawHeaders.length; at += 2) {
      if (sameName(rawHeaders[at] as string, name)) return rawHeaders[at + 1];
    }
    return undefined;
  }

  headerValues(name: string): readonly string[] {
    const { rawHeaders } = this.#incoming;
    let values: string[] | undefined;
    for (let at = 0; at < rawHeaders.length; at += 2) {
      if (sameName(rawHeaders[at] as string, name)) (values ??= []).push(rawHeaders[at + 1] as string);
    }
    return values ?? none;
  }

  onClose(listener: () => void): void {
    this.#outgoing.once('close', listener);
  }
}
