import { isPortcullisError } from '@portcullis/core';
import { urlObjection } from '@portcullis/core/fetch';
import * as oauth from 'oauth4webapi';
import type { Connection } from '../connection/connection.js';
import { OAuthError } from '../errors.js';
import type { TokenSet } from '../token-set.js';
import type { TokenCall } from './access-token.js';
import { requestTokens } from './request-tokens.js';
import { tokenParameters, type TokenWish } from './token-parameters.js';
import { timerWait, type Wait } from './wait.js';

/** What `beginDeviceFlow` takes. */
export interface DeviceFlowOptions extends TokenWish, TokenCall {
  /** How to wait between two questions. Default: the runtime's timer. */
  readonly wait?: Wait;
}

/** A device that waits for its user to allow it elsewhere. */
export interface DeviceFlow {
  /** What the user enters. */
  readonly userCode: string;
  /** Where the user enters it. `https:`. */
  readonly verificationUri: string;
  /** The same with the code in it, for a QR code. */
  readonly verificationUriComplete?: string | undefined;
  /** When the code ends, absolute milliseconds. */
  readonly expiresAt: number;
  /**
   * Asks until the user has decided, no more often than the server wants. Called again, it answers the same: a code gives tokens once.
   * @throws {OAuthError} `sign_in_denied`, `device_code_expired`; the signal's reason when it fires
   */
  tokens(call?: TokenCall): Promise<TokenSet>;
}

const defaultSeconds = 5;
// An interval beyond this is a mistake, and a timer's longest wait is about 24 days.
const longestMs = 300_000;

type Refusal = 'pending' | 'slow_down' | 'silent' | 'expired' | 'denied' | 'failed';

function readRefusal(error: unknown): Refusal {
  if (isPortcullisError(error, 'provider_unavailable')) return 'silent';
  if (!(error instanceof OAuthError) || error.code !== 'provider_refused') return 'failed';
  const known: Partial<Record<string, Refusal>> = {
    authorization_pending: 'pending',
    slow_down: 'slow_down',
    expired_token: 'expired',
    access_denied: 'denied',
  };
  return known[error.providerError ?? ''] ?? 'failed';
}

/**
 * Begins a sign-in on a device that has no browser or keyboard. It is asked every 5 seconds, or as often as the server says; 5 seconds more after each
 * `slow_down`, and twice as long after each question that nobody answered.
 * @throws {OAuthError}
 * @see RFC 8628
 */
export async function beginDeviceFlow(connection: Connection, options: DeviceFlowOptions = {}): Promise<DeviceFlow> {
  const { wait = timerWait, signal, ...wish } = options;
  const { client, clientAuth, clock, provider } = connection;
  const scopes = wish.scopes ?? connection.scopes;
  const call = signal === undefined ? {} : { signal };
  const begunAt = clock();
  const allowHttp = connection.requestOptions()[oauth.allowInsecureRequests] === true;

  const begun = await connection.ask(async (server) => {
    const request = connection.requestOptions(call) as oauth.DeviceAuthorizationRequestOptions;
    const form = tokenParameters({ ...wish, scopes });
    return oauth.processDeviceAuthorizationResponse(
      server,
      client,
      await oauth.deviceAuthorizationRequest(server, client, clientAuth, form, request),
    );
  }, call);
  for (const uri of [begun.verification_uri, begun.verification_uri_complete]) {
    const objection = uri === undefined ? undefined : urlObjection(uri, allowHttp);
    if (objection !== undefined) {
      throw new OAuthError(
        'provider_misbehaved',
        `The provider sends users to an address that is no good: ${objection}.`,
      );
    }
  }
  const expiresAt = begunAt + Math.min(begun.expires_in, 86_400) * 1000;
  let intervalMs = Math.min((begun.interval ?? defaultSeconds) * 1000, longestMs);

  async function poll(stop: AbortSignal | undefined): Promise<TokenSet> {
    for (;;) {
      await wait(intervalMs, stop);
      stop?.throwIfAborted();
      if (clock() >= expiresAt) throw new OAuthError('device_code_expired');
      try {
        return await requestTokens(connection, {
          grantType: 'urn:ietf:params:oauth:grant-type:device_code',
          parameters: tokenParameters({}, { device_code: begun.device_code }),
          scopes,
          signal: stop,
          ...(provider.openid ? { idToken: {} } : {}),
        });
      } catch (error) {
        stop?.throwIfAborted();
        const refusal = readRefusal(error);
        if (refusal === 'expired') throw new OAuthError('device_code_expired', undefined, { cause: error });
        if (refusal === 'denied') throw new OAuthError('sign_in_denied', undefined, { providerError: 'access_denied' });
        if (refusal === 'failed') throw error;
        if (refusal === 'slow_down') intervalMs = Math.min(intervalMs + 5_000, longestMs);
        if (refusal === 'silent') intervalMs = Math.min(Math.max(intervalMs, 1_000) * 2, longestMs);
      }
    }
  }

  let polling: Promise<TokenSet> | undefined;
  return Object.freeze({
    userCode: begun.user_code,
    verificationUri: begun.verification_uri,
    verificationUriComplete: begun.verification_uri_complete,
    expiresAt,
    tokens({ signal: stop } = {}) {
      polling ??= poll(stop);
      return polling;
    },
  } satisfies DeviceFlow);
}
