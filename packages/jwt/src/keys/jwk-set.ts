import { isPromise } from '@portcullis/core';
import { algorithmFacts, type JwsAlgorithm } from '../engine/algorithms.js';
import type { CheckSignature, Engine } from '../engine/engine.js';
import type { Jwk } from './key-input.js';
import type { HeldKey } from './key-source.js';

/** A JSON Web Key Set. @see RFC 7517 section 5 */
export interface JwkSet {
  readonly keys: readonly Jwk[];
}

const maxKeys = 100;
const maxKid = 1024;

/** The keys of a set, or `undefined` when it is not one. More than 100 keys are not taken: each would have to be imported. */
export function parseJwkSet(document: unknown): readonly unknown[] | undefined {
  if (typeof document !== 'object' || document === null) return undefined;
  const { keys } = document as { readonly keys?: unknown };
  return Array.isArray(keys) && keys.length <= maxKeys ? keys : undefined;
}

/** The algorithm that a JWK is pinned to: its own `alg`, else the first allowed one that its type and curve fit. */
function algorithmOf({ kty, crv, alg }: Jwk, allowed: readonly JwsAlgorithm[]): JwsAlgorithm | undefined {
  return allowed.find((name) => {
    const facts = algorithmFacts(name);
    if (facts === undefined || facts.kty !== kty || facts.kty === 'oct') return false;
    return alg === undefined ? facts.curve === undefined || facts.curve === crv : alg === name;
  });
}

function isJwk(value: unknown): value is Jwk {
  if (typeof value !== 'object' || value === null) return false;
  const { kty, kid } = value as Partial<Record<string, unknown>>;
  return typeof kty === 'string' && (kid === undefined || (typeof kid === 'string' && kid.length <= maxKid));
}

async function importOne(jwk: Jwk, { engine, allowed, known }: JwkSetImport): Promise<HeldKey | undefined> {
  const alg = algorithmOf(jwk, allowed);
  if (alg === undefined) return undefined;
  const { kid, use, key_ops: operations, n, e, crv, x, y, d } = jwk;
  const material = JSON.stringify([alg, kid, use, operations, n, e, crv, x, y, d]);
  const same = known.find((key) => key.material === material);
  if (same !== undefined) return same;
  try {
    const imported = engine.checker(alg, jwk);
    const check: CheckSignature = isPromise(imported) ? await imported : imported;
    return { alg, kid, check, material };
  } catch {
    // A set may hold keys for others, of kinds that are not known here: RFC 7517 section 5 says to ignore them.
    return undefined;
  }
}

/** What `importJwkSet` takes. */
export interface JwkSetImport {
  readonly engine: Engine;
  readonly allowed: readonly JwsAlgorithm[];
  /** Keys that were imported before: one that is unchanged is not imported again. */
  readonly known: readonly HeldKey[];
}

/**
 * Imports the keys of a set that verify with one of the allowed algorithms. Left out: keys of an unknown type, secrets,
 * private keys, keys whose `use`, `alg` or `key_ops` do not fit, and keys that are too weak. Each key gets one algorithm.
 * @see RFC 7517 sections 4 and 5
 */
export async function importJwkSet(keys: readonly unknown[], options: JwkSetImport): Promise<readonly HeldKey[]> {
  const held = await Promise.all(keys.filter(isJwk).map((jwk) => importOne(jwk, options)));
  return held.filter((key) => key !== undefined);
}

/** The keys of a set that is given in the configuration, as pinned keys. */
export function pinJwkSet(
  keys: readonly unknown[],
  allowed: readonly JwsAlgorithm[],
): readonly { algorithm: JwsAlgorithm; key: Jwk; kid: string | undefined }[] {
  return keys.filter(isJwk).flatMap((jwk) => {
    const algorithm = algorithmOf(jwk, allowed);
    const { use, key_ops: operations } = jwk;
    const forVerifying =
      (use === undefined || use === 'sig') && (operations === undefined || operations.includes('verify'));
    return algorithm === undefined || !forVerifying ? [] : [{ algorithm, key: jwk, kid: jwk.kid }];
  });
}
