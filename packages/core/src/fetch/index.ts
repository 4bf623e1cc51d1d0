/**
 * What every fetch of an address from outside keeps to: where it may lead, and how much of an answer is read.
 * @packageDocumentation
 */
export { readBody, readLimited } from './read-body.js';
export { type UrlObjection, urlObjection } from './url-policy.js';
export { withinTime } from './within-time.js';
