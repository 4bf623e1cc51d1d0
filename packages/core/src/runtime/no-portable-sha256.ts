import type { PortableSha256 } from './portable-sha256.js';

function missing(): never {
  throw new Error(
    'This runtime has no crypto.hash. Use Node 20.19 or newer, or bundle with the condition of the runtime: bun, deno or workerd.',
  );
}

/** Takes the place of the portable SHA-256 in Node, whose `crypto.hash` is always there: a bundle for Node is smaller without it. */
export const portableSha256: PortableSha256 = /* @__PURE__ */ Object.assign(missing, { create: missing });

/** As above, and as missing. */
export const portableText: (data: Uint8Array) => string = missing;
