import { urlObjection } from '@portcullis/core/fetch';
import { describe, expect, it } from 'vitest';
import { createJwtVerifier } from '../src/verify/create-jwt-verifier.js';
import { audience, issuer } from './verify-harness.js';

describe('where keys may be fetched from', () => {
  it.each([
    'http://auth.example.com/jwks',
    'ftp://auth.example.com/jwks',
    'file:///jwks',
    'data:application/json,{}',
    '/jwks',
    '',
    'https://user:pass@auth.example.com/jwks',
    'https://auth.example.com/jwks#x',
    'https://localhost/jwks',
    'https://a.localhost/jwks',
    'https://auth/jwks',
    'https://auth.local/jwks',
    'https://auth.internal./jwks',
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0/',
    'https://10.1.2.3/',
    'https://172.16.0.1/',
    'https://172.31.255.255/',
    'https://192.168.1.1/',
    'https://169.254.169.254/latest',
    'https://100.64.0.1/',
    'https://198.18.0.1/',
    'https://224.0.0.1/',
    'https://255.255.255.255/',
    'https://[::1]/',
    'https://[::]/',
    'https://[fe80::1]/',
    'https://[fd00::1]/',
    'https://[::ffff:10.0.0.1]/',
    'https://[64:ff9b::a00:1]/',
    'https://[2002:a00:1::]/',
    'https://[2001:db8::1]/',
  ])('refuses %s', (url) => {
    expect(urlObjection(url, false)).toBeTypeOf('string');
    expect(() => createJwtVerifier({ issuer, audience, algorithms: ['ES256'], jwks: url })).toThrow(/^jwks: /);
  });

  it.each([
    'https://auth.example.com/jwks',
    'https://auth.example.com:8443/jwks?x=1',
    'https://8.8.8.8/',
    'https://172.32.0.1/',
    'https://[2606:4700::1111]/',
  ])('takes %s', (url) => {
    expect(urlObjection(url, false)).toBeUndefined();
  });

  it('takes http and private addresses when told to, and nothing else', () => {
    expect(urlObjection('http://127.0.0.1:3000/jwks', true)).toBeUndefined();
    expect(urlObjection('ftp://127.0.0.1/jwks', true)).toBeTypeOf('string');
  });

  it('refuses limits out of range', () => {
    const make = (limits: object) => () =>
      createJwtVerifier({
        issuer,
        audience,
        algorithms: ['ES256'],
        jwks: 'https://auth.example.com/jwks',
        remote: limits,
      });
    for (const limits of [
      { timeoutMs: 99 },
      { maxBytes: 10 },
      { cooldownMs: 0 },
      { minFreshMs: 0 },
      { maxFreshMs: 1e12 },
      { maxStaleMs: 1 },
      { minFreshMs: 60_000, maxFreshMs: 30_000 },
    ]) {
      expect(make(limits)).toThrow(/^remote\./);
    }
  });
});
