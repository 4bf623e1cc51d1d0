/**
 * Reads and writes cookies by RFC 6265bis: plain functions that know nothing of sessions.
 * @packageDocumentation
 */
export { duplicateCookie, parseCookies, readCookie } from './read-cookie.js';
export { type CookieAttributes, expireCookie, lastOfEachCookie, serializeCookie } from './serialize-cookie.js';
