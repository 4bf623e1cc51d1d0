/**
 * Why a token is refused. Everything up to `signature` is decided from the text alone, before any cryptography; everything
 * after it only once the signature was found good.
 */
export type TokenFault =
  | 'malformed'
  | 'too_long'
  | 'encoding'
  | 'header'
  | 'critical_header'
  | 'algorithm'
  | 'payload'
  | 'duplicate_name'
  | 'token_type'
  | 'issuer'
  | 'unknown_key'
  | 'signature'
  | 'missing_claim'
  | 'claim'
  | 'audience'
  | 'expired'
  | 'not_yet_valid'
  | 'issued_in_future'
  | 'sender_constrained'
  | 'schema'
  | 'revoked';

/** One sentence for the client about each fault: the kind of thing that is wrong, never a value out of the token. */
export const tokenFaults: Readonly<Record<TokenFault, string>> = {
  malformed: 'The token is not a JWT in compact form: three parts of base64url, joined by dots.',
  too_long: 'The token is longer than this server takes.',
  encoding: 'A part of the token is not canonical base64url, or not UTF-8.',
  header: "The token's header is not an object that this server can read.",
  critical_header: 'The token has a critical header parameter that this server does not know.',
  algorithm: 'The token is signed with an algorithm that this server does not take.',
  payload: "The token's claims are not a JSON object that this server can read.",
  duplicate_name: 'A name comes twice in the token.',
  token_type: 'The token is not an access token: its type is another.',
  issuer: 'The token is from an issuer that this server does not know.',
  unknown_key: 'The token is signed with a key that this server does not know.',
  signature: "The token's signature is wrong.",
  missing_claim: 'The token lacks a claim that this server requires.',
  claim: 'A claim of the token has a form that this server does not take.',
  audience: 'The token is for another audience.',
  expired: 'The token has expired.',
  not_yet_valid: 'The token is not valid yet.',
  issued_in_future: 'The token was issued in the future.',
  sender_constrained: 'The token is bound to a key or certificate, and no proof of it was checked.',
  schema: "The token's claims are not what this server expects.",
  revoked: 'The token was revoked.',
};
