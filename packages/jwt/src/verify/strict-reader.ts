import { algorithmFacts, type JwsAlgorithm } from '../engine/algorithms.js';
import { isCanonical, segmentText } from './segment-text.js';
import { type JsonFault, type JsonObject, parseStrictObject } from './strict-json.js';
import type { TokenFault } from './token-fault.js';
import { type TokenType, tokenType } from './token-type.js';

/** What of a JWS header counts. Keys and their addresses in it (`jwk`, `jku`, `x5c`, `x5u`) are never looked at. */
export interface TokenHeader {
  readonly alg: JwsAlgorithm;
  readonly kid: string | undefined;
  readonly typ: string | undefined;
  /** What `typ` says. */
  readonly type: TokenType;
}

/** A token whose form is right. Nothing about who made it is known yet. */
export interface UnverifiedToken {
  readonly header: TokenHeader;
  /** The first segment, for `trustHeader`; `undefined` for a header that is trusted already. */
  readonly newHeader: string | undefined;
  /** Unverified: to find the issuer's keys by `iss`, and for nothing else before the signature is checked. */
  readonly claims: JsonObject;
  /** `header.payload`: what was signed. */
  readonly input: string;
  readonly signature: string;
}

/** Reads the text of a token. */
export interface StrictReader {
  read(token: string): UnverifiedToken | TokenFault;
  /** Remembers a header whose signature was good, so that the next token with the same one costs a lookup. */
  trustHeader(segment: string, header: TokenHeader): void;
}

/** What `createStrictReader` takes. */
export interface StrictReaderOptions {
  /** Longest token, in characters. */
  readonly maxLength: number;
}

const form = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const maxHeaders = 256;
// Longer than any identifier of a key; a key id never reaches a file, a query or a log from here.
const maxText = 1024;

function optionalText(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && value.length <= maxText);
}

function headerFault(fault: JsonFault): TokenFault {
  return fault === 'duplicate_name' ? fault : 'header';
}

function readHeader(segment: string): TokenHeader | TokenFault {
  const text = segmentText(segment);
  if (text === undefined) return 'encoding';
  const parsed = parseStrictObject(text);
  if (typeof parsed === 'string') return headerFault(parsed);
  const { alg, kid, typ, crit, b64 } = parsed;
  if (crit !== undefined) return 'critical_header';
  // RFC 7797 changes what was signed, and is valid only inside crit.
  if (b64 !== undefined) return 'header';
  if (typeof alg !== 'string' || !optionalText(kid) || !optionalText(typ)) return 'header';
  const facts = algorithmFacts(alg);
  if (facts === undefined) return 'algorithm';
  return Object.freeze({ alg: facts.name, kid, typ, type: tokenType(typ) });
}

/**
 * The one reader that every token passes before any cryptography. It takes the compact form only, and refuses any
 * character outside base64url and dots, base64url that is not canonical, text that is not UTF-8, JSON that is not one
 * object, names that come twice at any depth, numbers that are not finite, `crit` (no extension is known here), `b64`,
 * and every `alg` but the exact, case-sensitive names of the algorithms that are built in: `none` is not among them.
 * The meaning of the claims is not checked here.
 * @see RFC 7515 section 5.2, RFC 8725 section 3
 */
export function createStrictReader({ maxLength }: StrictReaderOptions): StrictReader {
  const headers = new Map<string, TokenHeader>();

  return Object.freeze({
    read(token: string): UnverifiedToken | TokenFault {
      if (token.length > maxLength) return 'too_long';
      if (!form.test(token)) return 'malformed';
      const first = token.indexOf('.');
      const second = token.indexOf('.', first + 1);
      const headerSegment = token.slice(0, first);
      const known = headers.get(headerSegment);
      if (known === undefined && !isCanonical(token, 0, first)) return 'encoding';
      const header = known ?? readHeader(headerSegment);
      if (typeof header === 'string') return header;
      if (!isCanonical(token, first + 1, second) || !isCanonical(token, second + 1, token.length)) return 'encoding';
      const text = segmentText(token.slice(first + 1, second));
      if (text === undefined) return 'encoding';
      const claims = parseStrictObject(text);
      if (typeof claims === 'string') return claims === 'duplicate_name' ? claims : 'payload';
      return {
        header,
        newHeader: known === undefined ? headerSegment : undefined,
        claims,
        input: token.slice(0, second),
        signature: token.slice(second + 1),
      };
    },
    trustHeader(segment: string, header: TokenHeader): void {
      // Issuers use a handful of headers: one that grows past this makes a new one every time, and gains nothing from memory.
      if (headers.size >= maxHeaders) headers.clear();
      headers.set(segment, header);
    },
  } satisfies StrictReader);
}
