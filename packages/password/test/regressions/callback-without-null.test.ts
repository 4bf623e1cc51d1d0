import { describe, expect, it } from 'vitest';
import { createEngineOn } from '../../src/native-engine.js';

type Crypto = Parameters<typeof createEngineOn>[0];

// Bun calls back with undefined, not null, where scrypt went well; every hash of the default algorithm failed there.
describe('a runtime whose callbacks say undefined for "no error"', () => {
  const parameters = { algorithm: 'scrypt', ln: 4, r: 1, p: 1 } as const;
  const derivation = { parameters, version: 19, password: new Uint8Array(1), salt: new Uint8Array(1), length: 2 };

  it('gets its bytes, and its errors as before', async () => {
    const answering = (error: Error | undefined): Crypto => ({
      scrypt: (_password, _salt, _length, _options, done) => done(error, new Uint8Array([1, 2])),
    });
    expect(await createEngineOn(answering(undefined)).derive(derivation)).toEqual(new Uint8Array([1, 2]));
    await expect(createEngineOn(answering(new Error('memory'))).derive(derivation)).rejects.toThrow('memory');
  });
});
