/**
 * Fields that describe the body a handler had begun to prepare. They must not describe a problem body that takes its
 * place: a stale Content-Length or Content-Encoding makes it unreadable, a stale validator makes it cacheable.
 * @beta
 */
export const representationFields: readonly string[] = /* @__PURE__ */ Object.freeze([
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'etag',
  'expires',
  'last-modified',
  'transfer-encoding',
]);
