import { type Secret, sha256 } from '@portcullis/core';
import * as oauth from 'oauth4webapi';
import type { Connection } from '../connection/connection.js';
import { invalidOption } from '../errors.js';
import type { ProviderJson } from '../provider.js';
import { whileWanted } from '../connection/while-wanted.js';
import { wholeNumber } from '../whole-number.js';
import type { TokenCall } from './access-token.js';
import { type ActingParty, outermostActor } from './outermost-actor.js';
import { plain } from './token-parameters.js';

/** What a server says of a token: good, with what it is good for, or not. */
export type Introspection =
  | { readonly active: false }
  | {
      readonly active: true;
      readonly subject?: string | undefined;
      readonly clientId?: string | undefined;
      readonly scopes: readonly string[];
      readonly audience: readonly string[];
      /** Absolute milliseconds. */
      readonly expiresAt?: number | undefined;
      /** Who acts for the subject: the outermost party only. */
      readonly actor?: ActingParty | undefined;
      /** The thumbprint of the key that must come with the token (RFC 9449), and the certificate's (RFC 8705). */
      readonly confirmation: { readonly jkt?: string | undefined; readonly x5t?: string | undefined };
      /** All that the server said. */
      readonly claims: ProviderJson;
    };

/** What `createIntrospection` takes. */
export interface IntrospectionOptions {
  /** How long an answer that a token is good is believed, milliseconds: 0 to 5 minutes, never beyond the token's end. Default 0: each call asks. */
  readonly cacheMs?: number;
  /** Answers kept: 1 to 100,000, default 1,000. */
  readonly maxCached?: number;
  /** An audience that a token must name. Default: not checked. */
  readonly audience?: string;
}

/** Asks an authorization server about tokens that others present. */
export interface IntrospectionClient {
  /** @throws {OAuthError} `provider_unavailable`: nobody can tell, so let nobody in */
  introspect(token: Secret | string, call?: TokenCall): Promise<Introspection>;
}

const inactive: Introspection = Object.freeze({ active: false });

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const ms = (value: unknown): number | undefined => (typeof value === 'number' ? value * 1000 : Number.NaN);

function read(
  claims: ProviderJson,
  { issuer, audience, now }: { issuer: string; audience: string | undefined; now: number },
): Introspection {
  // Only true: a server that says "true" or 1 has not said so.
  if (claims['active'] !== true) return inactive;
  const { iss, exp, nbf, aud, act, cnf } = claims;
  if (iss !== undefined && iss !== issuer) return inactive;
  const expiresAt = exp === undefined ? undefined : ms(exp);
  // Written so that a time which is no number is refused too.
  if (expiresAt !== undefined && !(now < expiresAt)) return inactive;
  if (nbf !== undefined && !((ms(nbf) ?? Number.NaN) <= now)) return inactive;
  const audiences = (Array.isArray(aud) ? aud : [aud]).filter((each) => typeof each === 'string');
  if (audience !== undefined && !audiences.includes(audience)) return inactive;
  let actor: ActingParty | undefined;
  try {
    actor = outermostActor(act);
  } catch {
    return inactive;
  }
  const bound = (typeof cnf === 'object' && cnf !== null ? cnf : {}) as ProviderJson;
  return Object.freeze({
    active: true,
    subject: text(claims['sub']),
    clientId: text(claims['client_id']),
    scopes: (text(claims['scope']) ?? '').split(' ').filter((scope) => scope !== ''),
    audience: audiences,
    expiresAt,
    actor,
    confirmation: { jkt: text(bound['jkt']), x5t: text(bound['x5t#S256']) },
    claims,
  });
}

interface Kept {
  readonly answer: Introspection;
  readonly until: number;
}

/**
 * Asks an authorization server, as an authenticated client, whether a token is good. Only `active: true` passes, within the token's own times, for this
 * issuer and the audience that is asked for. An answer is never kept beyond the token's end, and one that a token is not good is not kept at all.
 * Where a token is bound to a key, `confirmation` says so: whoever takes the token checks the proof.
 * @throws {OAuthError} `invalid_option` for a connection without credentials, and for numbers out of range
 * @see RFC 7662
 */
export function createIntrospection(connection: Connection, options: IntrospectionOptions = {}): IntrospectionClient {
  const { audience } = options;
  const cacheMs = wholeNumber('cacheMs', options.cacheMs, { fallback: 0, min: 0, max: 300_000 });
  const max = wholeNumber('maxCached', options.maxCached, { fallback: 1000, min: 1, max: 100_000 });
  if (connection.isPublicClient) {
    throw invalidOption('credential', 'introspection is for authenticated clients: give a secret, key or certificate');
  }
  const kept = new Map<string, Kept>();
  const flights = new Map<string, Promise<Introspection>>();
  const { client, clientAuth, clock } = connection;

  function keep(key: string, answer: Introspection, askedAt: number): void {
    if (cacheMs === 0 || !answer.active) return;
    kept.delete(key);
    kept.set(key, { answer, until: Math.min(askedAt + cacheMs, answer.expiresAt ?? Number.POSITIVE_INFINITY) });
    for (const oldest of kept.keys()) {
      if (kept.size <= max) break;
      kept.delete(oldest);
    }
  }

  async function ask(key: string, token: string): Promise<Introspection> {
    const askedAt = clock();
    try {
      const claims = await connection.ask(async (server) => {
        const sent = await oauth.introspectionRequest(
          server,
          client,
          clientAuth,
          token,
          connection.requestOptions() as oauth.IntrospectionRequestOptions,
        );
        const said = (await oauth.processIntrospectionResponse(server, client, sent)) as ProviderJson;
        return { said, issuer: server.issuer };
      });
      const answer = read(claims.said, { issuer: claims.issuer, audience, now: clock() });
      keep(key, answer, askedAt);
      return answer;
    } finally {
      flights.delete(key);
    }
  }

  return {
    async introspect(given, { signal } = {}) {
      const token = plain(given);
      const key = sha256(token);
      const held = kept.get(key);
      if (held !== undefined && clock() < held.until) return held.answer;
      kept.delete(key);
      let flight = flights.get(key);
      if (flight === undefined) {
        flight = ask(key, token);
        flights.set(key, flight);
      }
      return whileWanted(flight, signal);
    },
  };
}
