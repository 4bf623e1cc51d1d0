import type * as nodeCrypto from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';

type Crypto = typeof nodeCrypto;

// The node:crypto of Workers has every function, and its sign and verify refuse a KeyObject beside options: ES256, RS256
// and the rest failed there, each with an error, because only an HMAC was tried.
describe('a node:crypto that verifies with no KeyObject', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.resetModules();
  });

  async function nativeWith(over: Partial<Crypto>): Promise<unknown> {
    const load = process.getBuiltinModule;
    vi.spyOn(process, 'getBuiltinModule').mockImplementation(((name: string) =>
      name === 'node:crypto' ? { ...load('node:crypto'), ...over } : load(name as 'buffer')) as typeof load);
    vi.resetModules();
    return (await import('../../src/engine/native-runtime.js')).nativeRuntime;
  }

  it('is not taken for a native runtime', async () => {
    const refusing = (() => {
      throw new TypeError('The "options.key" property must be of type string');
    }) as unknown as Crypto['verify'];
    expect(await nativeWith({})).toBeDefined();
    expect(await nativeWith({ verify: refusing })).toBeUndefined();
    expect(await nativeWith({ verify: (() => false) as unknown as Crypto['verify'] })).toBeUndefined();
  });
});
