import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { algorithmFacts, type JwsAlgorithm } from '../src/engine/algorithms.js';
import type { Jwk } from '../src/keys/key-input.js';
import { createStrictReader } from '../src/verify/strict-reader.js';
import cookbook from './vectors/rfc7520-cookbook.json' with { type: 'json' };
import examples from './vectors/rfc7515-7519-8037-jws.json' with { type: 'json' };
import { engines, verifierHarness } from './verify-harness.js';

interface Vector {
  readonly name: string;
  readonly alg: JwsAlgorithm;
  readonly key: Jwk;
  readonly compact: string;
  readonly reproducible: boolean;
}

/** The half that a verifier is given. */
function publicHalf(key: Jwk): Jwk {
  if (key.kty === 'oct') return key;
  const { kid, use } = key;
  return { ...(createPublicKey({ key: key as JsonWebKey, format: 'jwk' }).export({ format: 'jwk' }) as Jwk), kid, use };
}

const detached = (compact: string): boolean => compact.includes('..');
const known: readonly Vector[] = [
  ...(cookbook.jws as readonly Partial<Vector>[]).filter(
    (vector): vector is Vector => vector.compact !== undefined && !detached(vector.compact),
  ),
  { ...cookbook.nested, compact: cookbook.nested.signed, reproducible: false } as unknown as Vector,
  ...examples.vectors.flatMap(({ name, alg, jwk, token }) =>
    alg === undefined ? [] : [{ name, alg: alg as JwsAlgorithm, key: jwk as Jwk, compact: token, reproducible: false }],
  ),
];

function split(compact: string): { input: string; signature: string } {
  const at = compact.lastIndexOf('.');
  return { input: compact.slice(0, at), signature: compact.slice(at + 1) };
}

describe.each(engines)('the $name engine and the published JWS vectors', (engine) => {
  it('has vectors of every family', () => {
    expect(new Set(known.map(({ alg }) => algorithmFacts(alg)?.family)).size).toBe(5);
  });

  it.each(known)('verifies $name ($alg)', async ({ alg, key, compact }) => {
    const check = await engine.checker(alg, publicHalf(key));
    const { input, signature } = split(compact);
    expect(await check(input, signature)).toBe(true);
    expect(await check(`${input}A`, signature)).toBe(false);
    const flipped = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1);
    expect(await check(input, flipped)).toBe(false);
  });

  it.each(known.filter(({ reproducible }) => reproducible))(
    'signs $name ($alg) to the same bytes',
    async ({ alg, key, compact }) => {
      const sign = await engine.signer(alg, key);
      const { input, signature } = split(compact);
      expect(await sign(input)).toBe(signature);
    },
  );
});

describe('createStrictReader and the published vectors', () => {
  const reader = createStrictReader({ maxLength: 65_536 });
  const serialized = [...cookbook.jws, ...cookbook.jwe].flatMap((vector) => {
    const { name, json, json_flat: flat } = vector as { name: string; json?: object; json_flat?: object };
    return [json, flat].filter((value) => value !== undefined).map((value) => ({ name, text: JSON.stringify(value) }));
  });

  it.each(serialized)(`refuses the JSON serialization of $name ${requirement('J23')}`, ({ text }) => {
    expect(reader.read(text)).toBe('malformed');
  });

  const encrypted = [...cookbook.jwe, { name: cookbook.nested.name, compact: cookbook.nested.encrypted }].filter(
    (vector): vector is typeof vector & { compact: string } => 'compact' in vector,
  );

  it.each(encrypted)(
    `takes no encrypted token, whatever its key management: $name ${requirement('J31')}`,
    ({ compact }) => {
      expect(reader.read(compact)).toBe('malformed');
    },
  );

  it.each(cookbook.jws.filter(({ compact = '' }) => detached(compact)))(
    'refuses detached content: $name',
    ({ compact }) => {
      expect(reader.read(compact as string)).toBe('malformed');
    },
  );

  it(`refuses the unsecured JWT of RFC 7519 section 6.1 ${requirement('J1')}`, () => {
    const unsecured = examples.vectors.find(({ alg }) => alg === undefined)?.token as string;
    expect(reader.read(unsecured)).toBe('malformed');
    expect(reader.read(`${unsecured}AAAA`)).toBe('algorithm');
  });
});

describe('createJwtVerifier and RFC 7519 section 3.1', () => {
  const { jwk, token, validAt, rejectAt } = examples.vectors[0] as {
    jwk: Jwk;
    token: string;
    validAt: number;
    rejectAt: number[];
  };

  it(`takes exp as exclusive ${requirement('J9')}`, async () => {
    // The example has neither audience nor subject: what is asked is only whether the time was the reason.
    const { judge, clock } = verifierHarness({ issuer: 'joe', key: jwk, allowUntypedTokens: true });
    clock.set(validAt * 1000);
    expect(await judge(token)).toBe('missing_claim');
    const good = verifierHarness();
    for (const at of rejectAt) {
      good.clock.set(at * 1000 - 1);
      const claims = { exp: at, iat: at - 900 };
      expect(await good.judgeClaims(claims)).toBe('verified');
      good.clock.advance(1);
      expect(await good.judgeClaims({ ...claims, jti: 'other' })).toBe('expired');
    }
  });
});
