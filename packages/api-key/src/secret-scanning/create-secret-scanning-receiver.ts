import { type Environment, invalidOption } from '@portcullis/core';
import { readLimited } from '@portcullis/core/fetch';
import type { ApiKeys } from '../create-api-keys.js';
import { decodeBase64, derToRaw } from './ecdsa-signature.js';
import { createPublicKeys } from './public-keys.js';

/** What `createSecretScanningReceiver` takes. */
export interface SecretScanningReceiverOptions extends Pick<Environment, 'clock' | 'fetch'> {
  readonly keys: Pick<ApiKeys, 'revokeLeaked'>;
  /** A GitHub token without any scope, so that fetching the public keys is not rate-limited. */
  readonly githubToken?: string;
  /** Where the sender's public keys are, over https. Default: GitHub's. */
  readonly publicKeysUrl?: string;
  /** The longest message taken, in bytes, 1,024 to 16,777,216. Default 1,048,576. */
  readonly maxBodyBytes?: number;
  /** Gets what went wrong inside, for the developer's log. Default: nothing; the sender sees a 503 and tries again. */
  readonly onError?: (error: unknown) => void;
}

interface Report {
  readonly token: string;
  readonly type: string;
  readonly url: string | undefined;
  readonly source: string | undefined;
}

interface Feedback {
  readonly token_raw: string;
  readonly token_type: string;
  readonly label: 'true_positive' | 'false_positive';
}

const githubKeys = 'https://api.github.com/meta/public_keys/secret_scanning';
// The sender waits 30 seconds for what may be thousands of keys.
const atOnce = 16;

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, 2_000) : undefined;
}

/** The message's reports; `undefined` when it is not a list. What has no token is left out. */
function parseReports(body: Uint8Array): readonly Report[] | undefined {
  let data: unknown;
  try {
    data = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
  if (!Array.isArray(data)) return undefined;
  return (data as readonly unknown[]).flatMap((item) => {
    const { token, type, url, source } = (item ?? {}) as Record<string, unknown>;
    if (typeof token !== 'string' || typeof type !== 'string') return [];
    return [{ token, type, url: text(url), source: text(source) }];
  });
}

function respond(status: number, body?: unknown): Response {
  const headers: Record<string, string> = { 'cache-control': 'no-store' };
  if (body === undefined) return new Response(null, { status, headers });
  headers['content-type'] = 'application/json';
  return new Response(JSON.stringify(body), { status, headers });
}

/**
 * Makes a handler for the messages of GitHub's secret-scanning partner programme: it checks the signature over the raw
 * body, revokes the keys that are ours, and answers for each token whether it was one. Mount it where the body has not
 * been parsed, without authentication.
 *
 * Checked are method, size, signature (ECDSA P-256 with SHA-256) and shape. A message carries no time, so it can be
 * sent again: that revokes nothing new. 405, 413, 401 and 400 say what was wrong with the message; a 503 that it should
 * be sent again.
 * @throws {CoreError} `invalid_option` at creation.
 * @see https://docs.github.com/en/code-security/secret-scanning/secret-scanning-partner-program
 */
export function createSecretScanningReceiver(
  options: SecretScanningReceiverOptions,
): (request: Request) => Promise<Response> {
  const {
    keys,
    githubToken,
    publicKeysUrl = githubKeys,
    maxBodyBytes = 1_048_576,
    onError,
    clock = Date.now,
  } = options;
  const fetch = options.fetch ?? ((url: string, init?: RequestInit) => globalThis.fetch(url, init));
  if (!Number.isSafeInteger(maxBodyBytes) || maxBodyBytes < 1_024 || maxBodyBytes > 16_777_216) {
    throw invalidOption('maxBodyBytes', 'give 1,024 to 16,777,216 bytes');
  }
  // Who answers for the public keys decides which keys die.
  if (!publicKeysUrl.startsWith('https://')) throw invalidOption('publicKeysUrl', 'use https');
  const publicKeys = createPublicKeys({ url: publicKeysUrl, token: githubToken, fetch, clock });

  async function isGenuine(request: Request, body: Uint8Array<ArrayBuffer>): Promise<boolean> {
    const identifier = request.headers.get('github-public-key-identifier');
    const der = decodeBase64(request.headers.get('github-public-key-signature') ?? '');
    const signature = der === undefined ? undefined : derToRaw(der);
    if (identifier === null || signature === undefined) return false;
    const key = await publicKeys.find(identifier);
    return key !== undefined && crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, signature, body);
  }

  async function answer({ token, type, url, source }: Report): Promise<Feedback> {
    const key = await keys.revokeLeaked(token, { url, source });
    return { token_raw: token, token_type: type, label: key === undefined ? 'false_positive' : 'true_positive' };
  }

  async function receive(request: Request): Promise<Response> {
    if (request.method !== 'POST') return new Response(null, { status: 405, headers: { allow: 'POST' } });
    const body = await readLimited(request, maxBodyBytes);
    if (body === undefined) return respond(413);
    if (!(await isGenuine(request, body))) return respond(401);
    const reports = parseReports(body);
    if (reports === undefined) return respond(400);
    const feedback: Feedback[] = [];
    for (let i = 0; i < reports.length; i += atOnce) {
      feedback.push(...(await Promise.all(reports.slice(i, i + atOnce).map(answer))));
    }
    return respond(200, feedback);
  }

  return async (request) => {
    try {
      return await receive(request);
    } catch (error) {
      onError?.(error);
      return respond(503);
    }
  };
}
