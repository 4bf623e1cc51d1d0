import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import type { JwsAlgorithm } from '../src/engine/algorithms.js';
import { createJwtVerifier } from '../src/verify/create-jwt-verifier.js';
import type { Jwk, KeyInput } from '../src/keys/key-input.js';
import { selectKey } from '../src/keys/key-source.js';
import { ed25519, p256, p384, rsa } from './key-material.js';
import {
  audience,
  encode,
  engines,
  goodClaims,
  issuer,
  mint,
  secret,
  signText,
  verifierHarness,
} from './verify-harness.js';

const now = Date.UTC(2026, 0, 1);
const modulus = rsa.publicJwk.n as string;

/** RSA keys of sizes and exponents that nobody should use. */
const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
const huge: Jwk = { kty: 'RSA', n: Buffer.alloc(2048, 0xff).toString('base64url'), e: 'AQAB' };
const pem = (...lines: readonly string[]): string =>
  ['-----BEGIN PUBLIC KEY-----', ...lines, '-----END PUBLIC KEY-----', ''].join('\n');
/** Keys that not every runtime can make. */
const secp256k1 = pem(
  'MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEojfZJTqnMY/uL1HN0QyxEXkm9Kv7+cOj',
  'tXowb6tY66ytsaDL2DspuW4uhS/6V50IXbJqNEXzYAQWAdQGOlIvwg==',
);
const ed448 = pem('MEMwBQYDK2VxAzoAwh1Na4++KNdUtP9jUlkPuLYBWoyU2Zz6up6AEEQF0kDGcgBZ', 'fI4OKTBRA6955OIhGp4uxzKvUReA');
const rsaPss = pem(
  'MIIBIDALBgkqhkiG9w0BAQoDggEPADCCAQoCggEBAMtiuZdffUqNR0MfZLAfs9BV',
  'XZm0h8COrrNiDSbpvcD2tUWdoon5yLgfCCmsfkgAV79kEKi8bgsZ/9z0jU327uOo',
  'e1SPjmogCyYUnm7JNDfBkRk/QhLIwRZKZLNYUR7jb0sKT4S9Qm+kzvvzESe6OXmS',
  'R/vcCf/veIcbtieYPkWChKutLpZvzGq+q+R8yy80oiXkRjHGQ5ukzrNOdzvSKuRs',
  '5BeUFcZXGCv9gyrcSmQ/dZorgvMhnhyshIlA2gkd5kktvFLcG9aba5ZYC4N2GDZm',
  'uBC03qnX1GN1wfjG/le3R10rTgoUp7J9eCBAt2pNnox/Cua/DsIBdUMTCWTqXr0C',
  'AwEAAQ==',
);
const jwkOf = (key: KeyObject): Jwk => key.export({ format: 'jwk' }) as Jwk;

describe.each(engines)('keys in the $name engine', (engine) => {
  const importing = async (alg: JwsAlgorithm, key: KeyInput, use: 'verify' | 'sign' = 'verify'): Promise<string> => {
    try {
      await (use === 'verify' ? engine.checker(alg, key) : engine.signer(alg, key));
      return 'taken';
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    }
  };

  it(`refuses HMAC secrets shorter than the hash ${requirement('J6')}`, async () => {
    for (const [alg, bytes] of [
      ['HS256', 32],
      ['HS384', 48],
      ['HS512', 64],
    ] as const) {
      const long = secret.slice(0, bytes);
      const short = secret.slice(0, bytes - 1);
      const forms = (raw: Uint8Array): readonly KeyInput[] => [
        raw,
        'k'.repeat(raw.length),
        createSecretKey(raw),
        { kty: 'oct', k: Buffer.from(raw).toString('base64url') },
      ];
      for (const key of forms(long)) expect(await importing(alg, key)).toBe('taken');
      for (const key of forms(short)) expect(await importing(alg, key)).toBe('invalid_key');
      expect(await importing(alg, '')).toBe('invalid_key');
      expect(await importing(alg, short, 'sign')).toBe('invalid_key');
    }
  });

  it(`refuses RSA keys below 2048 bits and above 8192 ${requirement('J7')}`, async () => {
    for (const alg of ['RS256', 'PS256'] as const) {
      expect(await importing(alg, small.export({ format: 'pem', type: 'spki' }) as string)).toBe('invalid_key');
      expect(await importing(alg, jwkOf(small))).toBe('invalid_key');
      expect(await importing(alg, small)).toBe('invalid_key');
      expect(await importing(alg, huge)).toBe('invalid_key');
      expect(await importing(alg, rsa.publicJwk)).toBe('taken');
    }
  });

  it(`refuses RSA exponents of 1, even ones and huge ones ${requirement('J30')}`, async () => {
    for (const e of ['AQ', 'Ag', 'AQAA', Buffer.alloc(16, 0xff).toString('base64url')]) {
      expect(await importing('RS256', { kty: 'RSA', n: modulus, e })).toBe('invalid_key');
      expect(await importing('PS256', { kty: 'RSA', n: modulus, e })).toBe('invalid_key');
    }
    expect(await importing('RS256', { kty: 'RSA', n: modulus, e: 'Aw' })).toBe('taken');
  });

  it(`refuses a public key as an HMAC secret, in every spelling ${requirement('J3')}`, async () => {
    const der = rsa.publicKey.export({ format: 'der', type: 'spki' });
    const pkcs1 = rsa.publicKey.export({ format: 'der', type: 'pkcs1' });
    const spellings: readonly KeyInput[] = [
      rsa.publicPem,
      Buffer.from(rsa.publicPem),
      ` ${p256.publicPem}\n`,
      ed25519.publicPem.replaceAll('\n', '\r\n'),
      rsa.publicKey.export({ format: 'pem', type: 'pkcs1' }) as string,
      JSON.stringify(rsa.publicJwk),
      JSON.stringify({ keys: [p256.publicJwk] }),
      new Uint8Array(der),
      new Uint8Array(pkcs1),
      new Uint8Array(ed25519.publicKey.export({ format: 'der', type: 'spki' })),
      der.toString('base64'),
      der.toString('base64url'),
      rsa.publicPem.replace(/-----.*-----/g, ''),
      rsa.publicKey,
      rsa.publicJwk,
      '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
    ];
    for (const key of spellings) expect(await importing('HS256', key)).toBe('invalid_key');
  });

  it('refuses a private key where a public one belongs, and the reverse', async () => {
    for (const { publicKey, privateKey, publicJwk, privateJwk, publicPem, privatePem } of [ed25519, p256, rsa]) {
      const alg = publicJwk.kty === 'OKP' ? 'EdDSA' : publicJwk.kty === 'EC' ? 'ES256' : 'PS256';
      for (const key of [privateKey, privateJwk, privatePem]) {
        expect(await importing(alg, key)).toBe('invalid_key');
        expect(await importing(alg, key, 'sign')).toBe('taken');
      }
      for (const key of [publicKey, publicJwk, publicPem]) {
        expect(await importing(alg, key)).toBe('taken');
        expect(await importing(alg, key, 'sign')).toBe('invalid_key');
      }
    }
  });

  it(`pins a key to one algorithm: type, curve, alg, use and key_ops must fit ${requirement('J2', 'J27')}`, async () => {
    expect(await importing('ES256', p384.publicJwk)).toBe('invalid_key');
    expect(await importing('ES256', p384.publicPem)).toBe('invalid_key');
    expect(await importing('ES384', p256.publicKey)).toBe('invalid_key');
    expect(await importing('EdDSA', p256.publicJwk)).toBe('invalid_key');
    expect(await importing('RS256', ed25519.publicPem)).toBe('invalid_key');
    expect(await importing('ES256', secp256k1)).toBe('invalid_key');
    expect(await importing('EdDSA', generateKeyPairSync('x25519').publicKey)).toBe('invalid_key');
    expect(await importing('EdDSA', ed448)).toBe('invalid_key');
    expect(await importing('PS256', rsaPss)).toBe('invalid_key');
    const jwk = p256.publicJwk;
    expect(await importing('ES256', { ...jwk, alg: 'ES384' })).toBe('invalid_key');
    expect(await importing('ES256', { ...jwk, use: 'enc' })).toBe('invalid_key');
    expect(await importing('ES256', { ...jwk, key_ops: ['sign'] })).toBe('invalid_key');
    expect(await importing('ES256', { ...jwk, alg: 'ES256', use: 'sig', key_ops: ['verify'] })).toBe('taken');
    expect(await importing('HS256', { kty: 'oct', k: Buffer.from(secret).toString('base64url'), alg: 'HS512' })).toBe(
      'invalid_key',
    );
  });

  it('takes CryptoKeys, and only for the algorithm and use they were made for', async () => {
    const ecdsa = (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
      'sign',
      'verify',
    ])) as CryptoKeyPair;
    const sign = await engine.signer('ES256', ecdsa.privateKey);
    const check = await engine.checker('ES256', ecdsa.publicKey);
    const input = `${encode({ alg: 'ES256' })}.e30`;
    expect(await check(input, await sign(input))).toBe(true);
    expect(await importing('ES384', ecdsa.publicKey)).toBe('invalid_key');
    expect(await importing('ES256', ecdsa.privateKey)).toBe('invalid_key');
    expect(await importing('ES256', ecdsa.publicKey, 'sign')).toBe('invalid_key');
    const spki = Uint8Array.from(rsa.publicKey.export({ format: 'der', type: 'spki' }));
    const rs512 = await crypto.subtle.importKey('spki', spki, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' }, true, [
      'verify',
    ]);
    expect(await importing('RS512', rs512)).toBe('taken');
    for (const alg of ['RS256', 'PS512', 'HS512', 'EdDSA'] as const)
      expect(await importing(alg, rs512)).toBe('invalid_key');
    const raw = Uint8Array.from(secret);
    const hmac = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, [
      'sign',
      'verify',
    ]);
    const macInput = `${encode({ alg: 'HS256' })}.e30`;
    expect(await (await engine.checker('HS256', hmac))(macInput, signText('HS256', macInput, secret))).toBe(true);
    expect(await importing('HS512', hmac)).toBe('invalid_key');
    const encrypting = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt']);
    expect(await importing('HS256', encrypting as CryptoKey)).toBe('invalid_key');
  });

  it('names the option and never the key', async () => {
    const text = 'correct horse battery';
    await expect(async () => engine.checker('HS256', text, 'keys[1]')).rejects.toThrow(/^keys\[1\]: /);
    await expect(async () => engine.checker('HS256', text, 'keys[1]')).rejects.not.toThrow(text);
  });

  it('refuses junk', async () => {
    const junk: readonly unknown[] = [
      undefined,
      null,
      1,
      true,
      {},
      [],
      { kty: 'EC' },
      { kty: 'RSA', n: 'AQAB' },
      { kty: 'OKP', crv: 'Ed25519', x: 'AA' },
      { ...p256.publicJwk, y: 1 },
      { ...p256.publicJwk, x: 'not base64url!' },
      { ...p256.publicJwk, x: p256.publicJwk.y },
    ];
    for (const alg of ['ES256', 'RS256', 'EdDSA', 'HS256'] as const) {
      for (const key of junk) expect(await importing(alg, key as KeyInput)).toBe('invalid_key');
    }
    for (const pem of [
      '',
      'text',
      rsa.publicPem.slice(0, 60),
      rsa.publicPem + p256.publicPem,
      rsa.publicPem.replaceAll('PUBLIC', 'RSA PUBLIC'),
    ]) {
      expect(await importing('RS256', pem)).toBe('invalid_key');
    }
    expect(await importing('none' as JwsAlgorithm, secret)).toBe('invalid_key');
  });
});

describe('createJwtVerifier and its keys', () => {
  const options = { issuer, audience };
  const create =
    (more: object): (() => unknown) =>
    () =>
      createJwtVerifier({ ...options, ...more } as never);

  it(`needs an allow-list of known algorithms ${requirement('J1')}`, () => {
    for (const algorithms of [undefined, [], ['none'], ['NONE'], ['hs256'], 'HS256', [undefined], ['HS256', 'none']]) {
      expect(create({ algorithms, key: secret })).toThrow(/^algorithms: /);
    }
    expect(create({ algorithms: ['HS256'], key: secret })).not.toThrow();
  });

  it(`takes no list that mixes HMAC and signatures ${requirement('J2')}`, () => {
    expect(create({ algorithms: ['HS256', 'RS256'], key: rsa.publicPem })).toThrow(/^algorithms: HMAC and signature/);
    expect(create({ algorithms: ['EdDSA', 'HS512'], key: ed25519.publicJwk })).toThrow(
      /^algorithms: HMAC and signature/,
    );
    expect(create({ algorithms: ['HS256'], key: rsa.publicPem })).toThrow(/public key/);
    expect(create({ algorithms: ['HS256'], jwks: 'https://auth.example.com/jwks' })).toThrow(
      /^algorithms: a key set is public/,
    );
  });

  it(`gives one key one algorithm ${requirement('J2')}`, async () => {
    expect(create({ algorithms: ['RS256', 'PS256'], key: rsa.publicPem })).toThrow(
      /^algorithms: one key has one algorithm/,
    );
    const { judge, clock } = verifierHarness({
      algorithms: ['RS256', 'PS256'],
      key: { ...rsa.publicJwk, alg: 'PS256' },
    });
    expect(await judge(mint(goodClaims(clock()), { alg: 'PS256' }, rsa.privateKey))).toBe('verified');
    expect(await judge(mint(goodClaims(clock()), { alg: 'RS256' }, rsa.privateKey))).toBe('unknown_key');
  });

  it(`refuses a token that is MACed with the public key ${requirement('J3')}`, async () => {
    const { judge } = verifierHarness({ algorithms: ['RS256'], key: rsa.publicPem });
    for (const material of [rsa.publicPem, rsa.publicPem.trim(), JSON.stringify(rsa.publicJwk), modulus]) {
      expect(await judge(mint(goodClaims(now), { alg: 'HS256' }, Buffer.from(material)))).toBe('algorithm');
      const relabelled = mint(goodClaims(now), { alg: 'HS256' }, Buffer.from(material)).split('.');
      relabelled[0] = Buffer.from('{"alg":"RS256","typ":"at+jwt"}').toString('base64url');
      expect(await judge(relabelled.join('.'))).toBe('signature');
    }
  });

  it('needs exactly one place that keys come from', () => {
    expect(create({ algorithms: ['HS256'] })).toThrow(/^key: give exactly one/);
    expect(create({ algorithms: ['ES256'], key: p256.publicJwk, jwks: { keys: [p256.publicJwk] } })).toThrow(
      /^key: give exactly one/,
    );
    expect(create({ algorithms: ['ES256'], keys: [] })).toThrow(/^keys: /);
    expect(create({ algorithms: ['ES256'], jwks: { keys: [] } })).toThrow(/^jwks: none of its keys/);
    expect(create({ algorithms: ['ES256'], keys: [{ algorithm: 'EdDSA', key: ed25519.publicJwk }] })).toThrow(
      /^keys\[0\]\.algorithm: /,
    );
    expect(create({ algorithms: ['ES256'], jwks: { keys: [{ kty: 'oct', k: 'AAAA' }, rsa.publicJwk] } })).toThrow(
      /^jwks: none/,
    );
    const twin = { algorithm: 'ES256', key: p256.publicJwk };
    expect(create({ algorithms: ['ES256'], keys: [twin, { ...twin, kid: 'b' }] })).toThrow(/told apart/);
    expect(
      create({
        algorithms: ['ES256'],
        keys: [
          { ...twin, kid: 'a' },
          { ...twin, kid: 'b' },
        ],
      }),
    ).not.toThrow();
  });

  it('tells of a bad key through ready where the engine imports in the background', async () => {
    const portable = engines.at(-1);
    if (portable === undefined) throw new Error('no portable engine');
    const { verifier, judge } = verifierHarness({ algorithms: ['RS256'], key: jwkOf(small), engine: portable });
    await expect(verifier.ready()).rejects.toMatchObject({ code: 'invalid_key' });
    expect(await judge(mint(goodClaims(now), { alg: 'RS256' }, rsa.privateKey))).toBe('unavailable');
    const good = verifierHarness({ engine: portable });
    await good.verifier.ready();
    expect(await good.judgeClaims({})).toBe('verified');
  });
});

describe('selectKey', () => {
  const check = (): boolean => true;
  const key = (
    alg: JwsAlgorithm,
    kid?: string,
  ): { alg: JwsAlgorithm; kid: string | undefined; check: () => boolean } => ({ alg, kid, check });

  it(`takes two keys that fit for none ${requirement('J28')}`, () => {
    expect(selectKey([key('ES256', 'a'), key('ES256', 'b')], { alg: 'ES256', kid: undefined }).outcome).toBe('unknown');
    expect(selectKey([key('ES256', 'a'), key('ES256', 'a')], { alg: 'ES256', kid: 'a' }).outcome).toBe('unknown');
    expect(selectKey([key('ES256', 'a'), key('ES256')], { alg: 'ES256', kid: 'a' }).outcome).toBe('unknown');
    expect(selectKey([key('ES256', 'a'), key('ES256', 'b')], { alg: 'ES256', kid: 'b' }).outcome).toBe('found');
    expect(selectKey([key('ES256', 'a'), key('EdDSA', 'a')], { alg: 'EdDSA', kid: 'a' }).outcome).toBe('found');
  });

  it(`compares a kid and does nothing else with it ${requirement('J5')}`, () => {
    const odd = [
      "' OR 1=1 --",
      '../../etc/passwd',
      '/dev/null',
      'a\r\nSet-Cookie: x=1',
      '__proto__',
      'constructor',
      '\0',
      '*',
      '',
    ];
    for (const kid of odd) {
      expect(selectKey([key('ES256', 'a')], { alg: 'ES256', kid }).outcome).toBe('unknown');
      expect(selectKey([key('ES256', kid)], { alg: 'ES256', kid }).outcome).toBe('found');
    }
  });
});
