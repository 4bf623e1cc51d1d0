import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Provider } from '../src/provider.js';
import {
  auth0,
  cognito,
  entra,
  gitlabSelfManaged,
  keycloak,
  okta,
  salesforce,
  shopify,
  zitadel,
} from '../src/providers/index.js';

const hosts = (record: Provider): readonly string[] => [
  ...new Set([record.issuer, ...(Object.values(record.endpoints ?? {}) as string[])].map((url) => new URL(url).host)),
];

/** Each provider that takes a parameter: what it makes of a good one, and what is not one. */
const parametrised: Readonly<
  Record<string, { make: (text: string) => Provider; good: string; issuer: string; bad: readonly string[] }>
> = {
  'shopify({ shop })': {
    make: (shop) => shopify({ shop }),
    good: 'acme.myshopify.com',
    issuer: 'https://acme.myshopify.com',
    bad: [
      'acme',
      'acme.myshopify.com.evil.example',
      'evil.example/acme.myshopify.com',
      'acme.myshopify.com:8443',
      '-a.myshopify.com',
    ],
  },
  'auth0({ domain })': {
    make: (domain) => auth0({ domain }),
    good: 'acme.eu.auth0.com',
    issuer: 'https://acme.eu.auth0.com/',
    bad: [
      'localhost',
      '169.254.169.254',
      '[::1]',
      '0x7f.1',
      'acme.auth0.com/..',
      'a@b.example',
      'acme.auth0.com.',
      'ACME.auth0.com',
    ],
  },
  'okta({ domain })': {
    make: (domain) => okta({ domain }),
    good: 'acme.okta.com',
    issuer: 'https://acme.okta.com',
    bad: ['10.0.0.1', 'acme.okta.com:80', 'https://acme.okta.com', 'acme.okta.com?x'],
  },
  'okta({ authorizationServer })': {
    make: (authorizationServer) => okta({ domain: 'acme.okta.com', authorizationServer }),
    good: 'default',
    issuer: 'https://acme.okta.com/oauth2/default',
    bad: ['../v1', 'a/b', 'a?b', 'a#b', 'a%2Fb'],
  },
  'entra({ tenant })': {
    make: (tenant) => entra({ tenant }),
    good: 'common',
    issuer: 'https://login.microsoftonline.com/common/v2.0',
    bad: ['contoso.onmicrosoft.com', '../common', 'COMMON', '72f988bf-86f1-41af-91ab-2d7cd011db4'],
  },
  'cognito({ userPoolId })': {
    make: (userPoolId) => cognito({ userPoolId }),
    good: 'eu-west-1_AbCdEfGhI',
    issuer: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI',
    bad: ['AbCdEfGhI', 'eu-west-1', 'evil.example/eu-west-1_A', 'eu-west-1_A/../b', 'eu-west-1.evil.example_A'],
  },
  'salesforce({ domain })': {
    make: (domain) => salesforce({ domain }),
    good: 'acme--uat.sandbox.my.salesforce.com',
    issuer: 'https://acme--uat.sandbox.my.salesforce.com',
    bad: ['acme.salesforce.com', 'my.salesforce.com.evil.example', 'evil.example', 'login.salesforce.com/x'],
  },
  'keycloak({ issuer })': {
    make: (issuer) => keycloak({ issuer }),
    good: 'https://login.example.org/realms/main',
    issuer: 'https://login.example.org/realms/main',
    bad: [
      'login.example.org',
      'ftp://login.example.org',
      'https://a@login.example.org/',
      'https://login.example.org/a/../b',
      'https://login.example.org/?x',
      'https://login.example.org/#x',
    ],
  },
  'zitadel({ issuer })': {
    make: (issuer) => zitadel({ issuer }),
    good: 'https://acme.zitadel.cloud',
    issuer: 'https://acme.zitadel.cloud',
    bad: [
      'acme.zitadel.cloud',
      'https://acme.zitadel.cloud\\@evil.example',
      'https://ACME.zitadel.cloud',
      'https://acme.zitadel.cloud:443',
    ],
  },
  'gitlabSelfManaged({ issuer })': {
    make: (issuer) => gitlabSelfManaged({ issuer }),
    good: 'https://gitlab.example.org',
    issuer: 'https://gitlab.example.org',
    bad: ['gitlab.example.org', 'javascript://gitlab.example.org', 'https://gitlab.example.org /'],
  },
};

const table = Object.entries(parametrised);

describe.each(table)('%s', (_name, { make, good, issuer, bad }) => {
  it('makes a provider at the address that the parameter names', () => expect(make(good).issuer).toBe(issuer));

  it('refuses what would lead elsewhere', () => {
    for (const text of [...bad, '', ' ', `${good}\n`, `${good} `, `${good}\0`, `x@${good}`, 'a'.repeat(5000)]) {
      expect(() => make(text), JSON.stringify(text)).toThrow(expect.objectContaining({ code: 'invalid_option' }));
    }
    for (const wrong of [null, 7, {}, [good]]) {
      expect(() => make(wrong as never), JSON.stringify(wrong)).toThrow(
        expect.objectContaining({ code: 'invalid_option' }),
      );
    }
  });

  it('keeps every text that it takes inside the address it was put in', () => {
    const text = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[a-z./@:#?%\\-]{1,30}$/).map((mark) => good + mark),
    );
    fc.assert(
      fc.property(text, (value) => {
        let record: Provider;
        try {
          record = make(value);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid_option' });
          return;
        }
        expect([record.issuer, `${record.issuer}/`]).toContain(new URL(record.issuer).href);
        expect(record.issuer).toContain(value);
        expect(hosts(record)).toHaveLength(1);
      }),
    );
  });
});

describe('entra', () => {
  const tenant = '72f988bf-86f1-41af-91ab-2d7cd011db47';
  const personal = '9188040d-6c67-4c5b-b112-36a304b66dad';
  const issuerOf = (audience: string, tid: unknown): string | undefined =>
    entra({ tenant: audience }).expectedIssuer?.({ tid });

  it('expects an ID token to be of the tenant that it names', () => {
    expect(issuerOf('common', tenant)).toBe(`https://login.microsoftonline.com/${tenant}/v2.0`);
    expect(issuerOf('consumers', personal)).toBe(`https://login.microsoftonline.com/${personal}/v2.0`);
  });

  it('expects of no tenant what names none, and no personal account among organizations', () => {
    for (const tid of [undefined, '', 'common', `${tenant}/../${personal}`, [tenant]]) {
      expect(issuerOf('common', tid)).toBe('https://login.microsoftonline.com/common/v2.0');
    }
    expect(issuerOf('organizations', personal)).toBe('https://login.microsoftonline.com/organizations/v2.0');
  });

  it('asks one tenant for its own metadata', () => {
    expect(entra({ tenant })).toMatchObject({
      discovery: 'oidc',
      issuer: `https://login.microsoftonline.com/${tenant}/v2.0`,
    });
  });
});
