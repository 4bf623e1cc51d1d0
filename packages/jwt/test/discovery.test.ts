import { describe, expect, it } from 'vitest';
import { metadataUrls } from '../src/jwks/discover.js';
import discovery from './vectors/discovery.json' with { type: 'json' };
import { p256 } from './key-material.js';
import { type Answer, json, keyServer, lasting, publicJwk, remoteHarness, set } from './key-server.js';
import { verifierHarness, type VerifierHarness } from './verify-harness.js';

const server = keyServer();

describe('keys by discovery', () => {
  const discovering = (): VerifierHarness =>
    remoteHarness(server, { issuer: server.base, jwks: undefined as never, discovery: true });
  const own = (harness: VerifierHarness): string => lasting(harness, 'a', p256, { iss: server.base });
  const routes =
    (table: Record<string, Answer>): Answer =>
    (request, response) =>
      (table[request.url ?? ''] ?? json('none', {}, 404))(request, response);

  it('finds them through OpenID Connect, else through RFC 8414', async () => {
    const keys = json(set(publicJwk(p256, 'a')));
    const metadata = json({ issuer: server.base, jwks_uri: `${server.base}/keys` });
    server.answer = routes({ '/.well-known/openid-configuration': metadata, '/keys': keys });
    const first = discovering();
    expect(await first.judge(own(first))).toBe('verified');
    server.answer = routes({ '/.well-known/oauth-authorization-server': metadata, '/keys': keys });
    const second = discovering();
    expect(await second.judge(own(second))).toBe('verified');
  });

  it.each([
    ['another issuer', (): object => ({ issuer: `${server.base}/`, jwks_uri: `${server.base}/keys` })],
    ['no issuer', (): object => ({ jwks_uri: `${server.base}/keys` })],
    ['no jwks_uri', (): object => ({ issuer: server.base })],
    ['a jwks_uri that is no URL', (): object => ({ issuer: server.base, jwks_uri: 'keys' })],
    ['a file', (): object => ({ issuer: server.base, jwks_uri: 'file:///etc/passwd' })],
  ])('refuses metadata with %s', async (_name, metadata) => {
    server.answer = routes({
      '/.well-known/openid-configuration': json(metadata()),
      '/keys': json(set(publicJwk(p256, 'a'))),
    });
    const harness = discovering();
    expect(await harness.judge(own(harness))).toBe('unavailable');
    expect(server.asked).not.toContain('/keys');
  });

  it.each(discovery.issuerMismatch)(
    'compares $expectedIssuer with $documentIssuer exactly',
    async ({ expectedIssuer, documentIssuer, accept }) => {
      const fetch = async (url: string): Promise<Response> =>
        url.includes('.well-known')
          ? Response.json({ issuer: documentIssuer, jwks_uri: `${expectedIssuer}/keys` })
          : Response.json(set(publicJwk(p256, 'a')));
      const harness = verifierHarness({
        key: undefined as never,
        issuer: expectedIssuer,
        algorithms: ['ES256'],
        discovery: true,
        fetch,
      });
      expect(await harness.judge(lasting(harness, 'a', p256, { iss: expectedIssuer }))).toBe(
        accept ? 'verified' : 'unavailable',
      );
    },
  );

  it('builds the well-known addresses of the specifications', () => {
    for (const entry of discovery.authorizationServer) {
      const urls = metadataUrls(entry.issuer);
      if (entry.rfc8414 !== undefined) expect(urls).toContain(entry.rfc8414);
      if (entry.oidc !== undefined) expect(urls[0]).toBe(entry.oidc);
      if (entry.tryInOrder !== undefined) for (const url of urls) expect(entry.tryInOrder).toContain(url);
    }
  });
});
