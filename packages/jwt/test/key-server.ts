import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach } from 'vitest';
import type { Jwk } from '../src/keys/key-input.js';
import { ed25519, p256, type Pair } from './key-material.js';
import { goodClaims, mint, verifierHarness, type VerifierHarness } from './verify-harness.js';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** An issuer's key server on this machine. A test sets `answer`. */
export interface KeyServer {
  /** Paths that were asked for since the test began. */
  asked: string[];
  answer: Answer;
  /** `http://127.0.0.1:port`. */
  readonly base: string;
}

/** A server for each test of a file. */
export function keyServer(): KeyServer {
  let base = '';
  const state = {
    asked: [] as string[],
    answer: (() => undefined) as Answer,
    get base() {
      return base;
    },
  };
  const server = createServer((request, response) => {
    state.asked.push(request.url ?? '');
    state.answer(request, response);
  });
  beforeEach(async () => {
    state.asked = [];
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return state;
}

export const json =
  (body: unknown, headers: Record<string, string> = {}, status = 200): Answer =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };

export const publicJwk = ({ publicJwk: jwk }: Pair, kid: string, more: Partial<Jwk> = {}): Jwk => ({
  ...jwk,
  kid,
  ...more,
});

export const set = (...keys: readonly unknown[]): { keys: readonly unknown[] } => ({ keys });

/** A verifier that fetches its keys from a server of this machine. */
export function remoteHarness({ base }: KeyServer, more: Parameters<typeof verifierHarness>[0] = {}): VerifierHarness {
  const { remote: limits, ...rest } = more;
  return verifierHarness({
    key: undefined as never,
    algorithms: ['ES256', 'EdDSA'],
    jwks: `${base}/jwks`,
    // Every verification looks for the key: what is tested is not the token cache.
    cache: false,
    ...rest,
    remote: { dangerouslyAllowPrivateNetwork: true, timeoutMs: 1_000, ...limits },
  });
}

/** A token that stays good for months of the harness' clock. */
export const lasting = (
  harness: VerifierHarness,
  kid: string | undefined,
  pair: Pair = p256,
  claims: object = {},
): string =>
  mint(
    goodClaims(harness.clock(), { exp: harness.clock() / 1000 + 1e7, ...claims }),
    { alg: pair === ed25519 ? 'EdDSA' : 'ES256', ...(kid !== undefined && { kid }) },
    pair.privateKey,
  );
