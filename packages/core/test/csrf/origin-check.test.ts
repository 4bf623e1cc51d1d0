import { requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createOriginCheck, type OriginCheckOptions, type OriginVerdict } from '../../src/csrf/index.js';

const own = 'https://app.example.org';
const partner = 'https://pay.example.net';
type Headers = Readonly<Record<string, string>>;

function judge(headers: Headers, options: Partial<OriginCheckOptions> = {}, method = 'POST'): OriginVerdict {
  return createOriginCheck({ origins: [own], ...options }).check({ method, header: (name) => headers[name] });
}
const passes = (headers: Headers, options?: Partial<OriginCheckOptions>, method?: string): boolean =>
  judge(headers, options, method).allowed;

describe('createOriginCheck', () => {
  it(`refuses cross-site unsafe methods with 403, whatever else the request says ${requirement('X1')}`, () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'QUERY', 'TRACE', 'get', 'x']) {
      const verdict = judge({ 'sec-fetch-site': 'cross-site', origin: own, referer: `${own}/` }, {}, method);
      expect(verdict).toMatchObject({
        allowed: false,
        by: 'fetch_metadata',
        denial: { code: 'csrf_rejected', status: 403 },
      });
    }
  });

  it(`lets same-origin and none pass, and same-site only when trusted ${requirement('X2')}`, () => {
    for (const site of ['same-origin', 'none'])
      expect(judge({ 'sec-fetch-site': site })).toMatchObject({ allowed: true, by: 'fetch_metadata' });
    expect(passes({ 'sec-fetch-site': 'same-site' })).toBe(false);
    expect(passes({ 'sec-fetch-site': 'same-site' }, { trustSameSite: true })).toBe(true);
    expect(passes({ 'sec-fetch-site': 'cross-site' }, { trustSameSite: true })).toBe(false);
  });

  it(`without Sec-Fetch-Site goes by the exact Origin, then by the Referer ${requirement('X3')}`, () => {
    expect(judge({ origin: own })).toMatchObject({ allowed: true, by: 'origin' });
    expect(judge({ origin: 'https://evil.example', referer: `${own}/` })).toMatchObject({
      allowed: false,
      by: 'origin',
    });
    expect(judge({ referer: `${own}/form?a=b#c` })).toMatchObject({ allowed: true, by: 'referer' });
    expect(judge({ referer: 'https://evil.example/?app.example.org' })).toMatchObject({
      allowed: false,
      by: 'referer',
    });
    expect(passes({ origin: own.toUpperCase() })).toBe(false);
    for (const referer of [
      '',
      'x',
      'https://app.example.org@evil.example/',
      `${own}.evil.example/`,
      'http://app.example.org/',
      '//app.example.org',
    ]) {
      expect(passes({ referer })).toBe(false);
    }
  });

  it(`refuses Origin null and origins that only look like its own ${requirement('X4')}`, () => {
    const tricks = [
      'null',
      '',
      'https://app.example.org.attacker.com',
      'https://attackerapp.example.org',
      'https://app.example.org:8443',
      'http://app.example.org',
      'app.example.org',
      `${own}/`,
      `${own} `,
      `${own}, https://evil.example`,
      'https://app.example.org@evil.example',
    ];
    for (const origin of tricks) {
      expect(judge({ origin, referer: `${own}/` })).toMatchObject({ allowed: false, by: 'origin' });
      expect(passes({ 'sec-fetch-site': 'cross-site', origin }, { trustedOrigins: [partner] })).toBe(false);
    }
    expect(passes({ origin: 'null' }, { trustSameSite: true, dangerouslyAllowMissingOrigin: true })).toBe(false);
  });

  it(`refuses a request that has neither header, unless told otherwise ${requirement('X5')}`, () => {
    expect(judge({})).toMatchObject({ allowed: false, by: 'missing', denial: { status: 403 } });
    expect(judge({}, { dangerouslyAllowMissingOrigin: true })).toMatchObject({ allowed: true, by: 'missing' });
  });

  it(`never takes an unlisted Sec-Fetch-Site for an allowance ${requirement('X6')}`, () => {
    const lenient = { trustSameSite: true, trustedOrigins: [partner], dangerouslyAllowMissingOrigin: true };
    for (const site of [
      '',
      'Same-Origin',
      'same-origin ',
      'same-origin, cross-site',
      'self',
      '?1',
      'none;x',
      'same_origin',
    ]) {
      expect(passes({ 'sec-fetch-site': site, origin: own }, lenient)).toBe(false);
      expect(passes({ 'sec-fetch-site': site, origin: partner }, lenient)).toBe(false);
    }
    fc.assert(
      fc.property(fc.string(), (site) => {
        fc.pre(!['same-origin', 'none', 'same-site', 'cross-site'].includes(site));
        expect(passes({ 'sec-fetch-site': site, origin: own, referer: `${own}/` }, lenient)).toBe(false);
      }),
    );
  });

  it('lets exactly the trusted origins in from elsewhere', () => {
    const options = { trustedOrigins: [partner, 'capacitor://localhost', 'http://localhost:3000'] };
    for (const origin of options.trustedOrigins) {
      expect(judge({ 'sec-fetch-site': 'cross-site', origin }, options)).toMatchObject({ allowed: true, by: 'origin' });
      expect(passes({ 'sec-fetch-site': 'same-site', origin }, options)).toBe(true);
      expect(passes({ origin }, options)).toBe(true);
      expect(passes({ referer: `${origin}/page` }, options)).toBe(true);
    }
    expect(passes({ 'sec-fetch-site': 'cross-site' }, options)).toBe(false);
    expect(passes({ 'sec-fetch-site': 'cross-site', referer: `${partner}/` }, options)).toBe(false);
    expect(passes({ 'sec-fetch-site': 'cross-site', origin: own }, options)).toBe(false);
  });

  it('lets only GET, HEAD and OPTIONS pass unlooked at', () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      expect(judge({ 'sec-fetch-site': 'cross-site', origin: 'null' }, {}, method)).toEqual({
        allowed: true,
        by: 'safe_method',
        headers: [],
      });
    }
  });

  it(`refuses a malformed origin at start-up, naming the option ${requirement('X11')}`, () => {
    const malformed = [
      `${partner}/`,
      `${partner}/path`,
      `${partner}?q`,
      `${partner}#f`,
      'null',
      'pay.example.net',
      '//pay.example.net',
      '',
      '*',
      'https://*.example.net',
      'https://PAY.example.net',
      'https://pay.example.net:443',
      'https://user@pay.example.net',
      'https://',
      ' https://pay.example.net',
      'javascript:x',
      'data:text/html,x',
      'https:pay.example.net',
      'capacitor://localhost/',
      'capacitor://',
    ];
    for (const origin of malformed) {
      expect(() => createOriginCheck({ origins: [own], trustedOrigins: [origin] })).toThrow(
        `trustedOrigins: "${origin}"`,
      );
      expect(() => createOriginCheck({ origins: [origin] })).toThrow(`origins: "${origin}"`);
    }
    expect(() => createOriginCheck({ origins: [] })).toThrow(/^origins: /);
  });

  it(`names what the response depends on in Vary ${requirement('X14')}`, () => {
    const vary = [['vary', 'Sec-Fetch-Site, Origin']];
    for (const headers of [
      {},
      { 'sec-fetch-site': 'same-origin' },
      { origin: own },
      { 'sec-fetch-site': 'cross-site' },
      { referer: 'x' },
    ]) {
      const verdict = judge(headers);
      expect(verdict.headers).toEqual(vary);
      expect(verdict.allowed ? vary : verdict.denial.headers).toEqual(vary);
    }
  });

  it('copies its options', () => {
    const trustedOrigins = [partner];
    const check = createOriginCheck({ origins: [own], trustedOrigins });
    trustedOrigins.push('https://evil.example');
    expect(
      check.check({ method: 'POST', header: (name) => (name === 'origin' ? 'https://evil.example' : undefined) })
        .allowed,
    ).toBe(false);
  });
});
