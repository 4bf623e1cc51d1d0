import { createECDH, generateKeyPairSync } from 'node:crypto';
import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { portableEngine } from '../../src/engine/portable-engine.js';
import { isPointOfCurve } from '../../src/keys/ec-point.js';
import type { Jwk } from '../../src/keys/key-input.js';

// Deno's WebCrypto imports two numbers that are no point of the curve, and a point of another curve.
describe('a JWK whose point is not on its curve', () => {
  const curves = ['P-256', 'P-384', 'P-521'] as const;
  const jwkOn = (namedCurve: string): Jwk =>
    generateKeyPairSync('ec', { namedCurve }).publicKey.export({ format: 'jwk' }) as Jwk;

  it.each(curves)('is found out by the equation of %s', (crv) => {
    for (let times = 0; times < 5; times++) {
      const jwk = jwkOn(crv);
      expect(isPointOfCurve(jwk)).toBe(true);
      expect(isPointOfCurve({ ...jwk, x: jwk.y })).toBe(false);
      expect(isPointOfCurve({ ...jwk, y: undefined })).toBe(false);
      // RFC 7518 section 6.2.1.2: the full length, leading zeros included.
      expect(
        isPointOfCurve({
          ...jwk,
          x: Buffer.concat([Buffer.of(0), Buffer.from(String(jwk.x), 'base64url')]).toString('base64url'),
        }),
      ).toBe(false);
      for (const other of curves) if (other !== crv) expect(isPointOfCurve({ ...jwk, crv: other })).toBe(false);
    }
    expect(isPointOfCurve({ ...jwkOn(crv), crv: 'secp256k1' })).toBe(false);
  });

  it('agrees with a second implementation about the generator', () => {
    const ecdh = createECDH('prime256v1');
    ecdh.setPrivateKey(Buffer.concat([Buffer.alloc(31), Buffer.of(1)]));
    const point = ecdh.getPublicKey();
    const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'));
    expect(isPointOfCurve({ crv: 'P-256', x, y })).toBe(true);
  });

  it(`is refused by the portable engine, as a JWK and as a KeyObject of another curve ${requirement('J2')}`, async () => {
    const jwk = jwkOn('P-256');
    const refused = expect.objectContaining({ code: 'invalid_key' }) as unknown;
    await expect(async () => portableEngine.checker('ES256', { ...jwk, x: jwk.y as string })).rejects.toThrow(
      refused as Error,
    );
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await expect(async () => portableEngine.checker('ES384', publicKey)).rejects.toThrow(refused as Error);
    await expect(portableEngine.checker('ES256', jwk)).resolves.toBeTypeOf('function');
  });
});
