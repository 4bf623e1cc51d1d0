/**
 * Tokens for tests, signed with a key that exists for as long as the test does. A separate entry, which refuses to work
 * in production.
 *
 * @packageDocumentation
 */
export { createTestIssuer, type TestIssuer, type TestIssuerOptions } from './test-issuer.js';
