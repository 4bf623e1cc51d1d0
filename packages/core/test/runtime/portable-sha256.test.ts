import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { portableSha256 as none, portableText as noText } from '../../src/runtime/no-portable-sha256.js';
import { portableSha256, portableText } from '../../src/runtime/portable-sha256.js';

describe('portableSha256', () => {
  const built = manifest.publishConfig.imports['#portable-sha256'];

  it('is left out for Node only, and runtimes that also go by that name are asked first', () => {
    const conditions = Object.entries(built);
    const without = conditions.filter(([, file]) => file !== './dist/runtime/portable-sha256.js');
    expect(without).toEqual([['node', './dist/runtime/no-portable-sha256.js']]);
    const names = conditions.map(([name]) => name);
    for (const name of ['bun', 'deno', 'workerd', 'browser'])
      expect([name, names.indexOf(name) >= 0 && names.indexOf(name) < names.indexOf('node')]).toEqual([name, true]);
    expect(names.at(-1)).toBe('default');
  });

  it('is chosen in the workspace as it is chosen from the tarball', () => {
    const { '@portcullis/source': source, ...rest } = manifest.imports['#portable-sha256'];
    expect(source).toBe('./src/runtime/portable-sha256.ts');
    expect(Object.entries(rest)).toEqual(Object.entries(built));
  });

  it('refuses to hash, and says what to do, where it was left out and the runtime has no hash of its own', () => {
    expect(portableSha256(new Uint8Array()).length).toBe(32);
    expect(() => none(new Uint8Array())).toThrow(/crypto\.hash.*bundle with the condition/);
    expect(() => none.create()).toThrow(/crypto\.hash/);
    expect(portableText(new Uint8Array())).toBe('47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU');
    expect(() => noText(new Uint8Array())).toThrow(/crypto\.hash/);
  });
});
