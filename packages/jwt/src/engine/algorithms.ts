/** HMAC algorithms: who can verify can also sign. */
export type MacAlgorithm = 'HS256' | 'HS384' | 'HS512';

/** Signature algorithms: verifying needs the public half only. */
export type SignatureAlgorithm =
  | 'EdDSA'
  | 'Ed25519'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'RS256'
  | 'RS384'
  | 'RS512';

/** Every JWS algorithm this package knows. `none` is not one, and cannot be added. */
export type JwsAlgorithm = MacAlgorithm | SignatureAlgorithm;

/** What a key for an algorithm is, in WebCrypto's and in JWK's words. */
export interface AlgorithmFacts {
  readonly name: JwsAlgorithm;
  readonly family: 'HMAC' | 'RSASSA-PKCS1-v1_5' | 'RSA-PSS' | 'ECDSA' | 'Ed25519';
  readonly kty: 'oct' | 'RSA' | 'EC' | 'OKP';
  /** The hash's output in bits; an HMAC secret has at least as many. */
  readonly bits: 256 | 384 | 512;
  /** JWK's `crv`. */
  readonly curve?: 'P-256' | 'P-384' | 'P-521' | 'Ed25519';
  /** Length of the signature in base64url; an RSA signature is as long as its key. */
  readonly signatureLength?: number;
}

function mac(name: MacAlgorithm, bits: 256 | 384 | 512, signatureLength: number): AlgorithmFacts {
  return { name, family: 'HMAC', kty: 'oct', bits, signatureLength };
}

function rsa(name: SignatureAlgorithm, bits: 256 | 384 | 512): AlgorithmFacts {
  return { name, family: name.startsWith('PS') ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5', kty: 'RSA', bits };
}

function ec(
  name: SignatureAlgorithm,
  bits: 256 | 384 | 512,
  curve: 'P-256' | 'P-384' | 'P-521',
  signatureLength: number,
): AlgorithmFacts {
  return { name, family: 'ECDSA', kty: 'EC', bits, curve, signatureLength };
}

function ed25519(name: 'EdDSA' | 'Ed25519'): AlgorithmFacts {
  return { name, family: 'Ed25519', kty: 'OKP', bits: 512, curve: 'Ed25519', signatureLength: 86 };
}

const table: ReadonlyMap<string, AlgorithmFacts> = new Map<JwsAlgorithm, AlgorithmFacts>([
  ['HS256', mac('HS256', 256, 43)],
  ['HS384', mac('HS384', 384, 64)],
  ['HS512', mac('HS512', 512, 86)],
  // RFC 9864 gives EdDSA over Ed25519 a name of its own; both are one key and one signature.
  ['EdDSA', ed25519('EdDSA')],
  ['Ed25519', ed25519('Ed25519')],
  ['ES256', ec('ES256', 256, 'P-256', 86)],
  ['ES384', ec('ES384', 384, 'P-384', 128)],
  ['ES512', ec('ES512', 512, 'P-521', 176)],
  ['PS256', rsa('PS256', 256)],
  ['PS384', rsa('PS384', 384)],
  ['PS512', rsa('PS512', 512)],
  ['RS256', rsa('RS256', 256)],
  ['RS384', rsa('RS384', 384)],
  ['RS512', rsa('RS512', 512)],
]);

/** The facts of an algorithm by its exact, case-sensitive name; `undefined` for `none` and everything unknown. */
export function algorithmFacts(name: string): AlgorithmFacts | undefined {
  return table.get(name);
}
