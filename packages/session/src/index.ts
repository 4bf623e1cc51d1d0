/**
 * Cookie sessions: sign in and out, list and end, with cross-site protection built in.
 *
 * @packageDocumentation
 */
export {
  createSealedSessions,
  type SealedSession,
  type SealedSessions,
  type SealedSessionsOptions,
} from './create-sealed-sessions.js';
export { createSessions, type Reauthentication, type Sessions, type SignOut } from './create-sessions.js';
export { type Device, describeDevice } from './device.js';
export { SessionError, type SessionErrorCode, sessionErrors } from './errors.js';
export type { Session, SessionInfo } from './session.js';
export type { SessionAuthenticatorOptions, SessionPrincipal } from './session-authenticator.js';
export type { SessionCookieOptions } from './session-cookie.js';
export type { DataSchema, SchemaResult } from './session-data.js';
export type { SessionEvents, SessionFacts } from './session-events.js';
export {
  fenceCollection,
  type SessionFence,
  type SessionRecord,
  sessionCollection,
  type SignInFacts,
} from './session-record.js';
export type { SessionCsrfOptions, SessionLimit, SessionsOptions } from './session-settings.js';
export type { SignIn } from './sign-in.js';
