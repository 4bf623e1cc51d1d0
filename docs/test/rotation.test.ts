import { createApiKeys } from '@portcullis/api-key';
import { type KeyRing, createMemoryStorage, random, encodeBase64url } from '@portcullis/core';
import { createJwtVerifier, createSigningKeys, createTokenIssuer } from '@portcullis/jwt';
import { createConnection, createTokenVault, type TokenSet } from '@portcullis/oauth-client';
import { github } from '@portcullis/oauth-client/providers';
import { Secret } from '@portcullis/core';
import { describe, expect, it } from 'vitest';
import { resealVault, ringSteps, rotateKey, rotateSigningKey, watchOldKeys } from '../snippets/guide/rotation.js';

const secret = (): string => encodeBase64url(random(32));
const url = 'https://api.example.com';
const hour = 3_600_000;

describe('the guide on rotation', () => {
  it('an API key: both are good for a day, whoever still uses the old one is named, then it is dead', async () => {
    let now = Date.UTC(2026, 0, 1);
    const clock = () => now;
    const keys = createApiKeys({
      storage: createMemoryStorage({ clock }),
      brand: 'acme',
      defaultScopes: 'unlimited',
      clock,
    });
    const seen: string[] = [];
    watchOldKeys(keys, (id) => void seen.push(id));
    const { key: old, record } = await keys.create({ owner: 'ada' });
    const fresh = await rotateKey(keys, record.id, 'ada');
    const outcome = async (key: Secret) => (await keys.verify(key.reveal())).outcome;
    expect([await outcome(old), await outcome(fresh)]).toEqual(['verified', 'verified']);
    expect(seen).toEqual([record.id]);
    now += 24 * hour;
    expect([await outcome(old), await outcome(fresh)]).toEqual(['rejected', 'verified']);
    await expect(rotateKey(keys, record.id, 'eve')).rejects.toMatchObject({ code: 'key_not_found' });
  });

  it('a signing key: what the old one signed stays good, and the new one signs after an hour', async () => {
    let now = Date.UTC(2026, 0, 1);
    const clock = () => now;
    const storage = createMemoryStorage({ clock });
    const ring = { current: 'k1', keys: { k1: secret() } };
    const keys = createSigningKeys({ storage, encryptionKeys: ring, clock });
    const tokens = createTokenIssuer({ issuer: url, audience: url, keys, storage, refresh: { keys: ring }, clock });
    const verifier = createJwtVerifier({ issuer: url, audience: url, algorithms: ['EdDSA'], keys, clock });
    const issue = async () =>
      (await tokens.issue({ subject: 'ada', clientId: 'app', scope: [] })).reveal().access_token;
    const kidOf = (token: string) =>
      (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid;
    const before = await issue();
    const kid = await rotateSigningKey(keys);
    expect(kidOf(await issue())).not.toBe(kid);
    now += hour + 5 * 60_000;
    const after = await issue();
    expect(kidOf(after)).toBe(kid);
    now -= hour; // the old token's quarter of an hour, seen by a verifier that has both keys
    expect((await verifier.verify(before)).outcome).toBe('verified');
    verifier.close();
  });

  /** Neighbours in a roll-out run at the same time: what one makes, the other has to read. */
  const neighbours = (steps: readonly KeyRing[]): (readonly [KeyRing, KeyRing])[] =>
    steps.slice(1).flatMap((ring, at) => {
      const before = steps[at] as KeyRing;
      return [[before, ring] as const, [ring, before] as const];
    });

  it('a ring: in each step of the roll-out a refresh token of the one process works at the other', async () => {
    // The last step is for when nothing of the old key is alive; with what is alive the first three must agree.
    for (const [one, other] of neighbours(ringSteps(secret(), secret()).slice(0, 3))) {
      const storage = createMemoryStorage();
      const keys = createSigningKeys({ storage, encryptionKeys: { current: 's', keys: { s: secret() } } });
      const issuer = (ring: KeyRing) =>
        createTokenIssuer({ issuer: url, audience: url, keys, storage, refresh: { keys: ring } });
      const issued = await issuer(one).issue({ subject: 'ada', clientId: 'app', scope: [] });
      const refreshed = await issuer(other).refresh(issued.reveal().refresh_token ?? '', { clientId: 'app' });
      expect(refreshed.ok).toBe(true);
    }
  });

  it('a ring: who leaves the second step out locks users out, which is why it is there', async () => {
    const [first, , third] = ringSteps(secret(), secret());
    const storage = createMemoryStorage();
    const keys = createSigningKeys({ storage, encryptionKeys: { current: 's', keys: { s: secret() } } });
    const issuer = (ring: KeyRing | undefined) =>
      createTokenIssuer({ issuer: url, audience: url, keys, storage, refresh: { keys: ring as KeyRing } });
    const issued = await issuer(third).issue({ subject: 'ada', clientId: 'app', scope: [] });
    expect((await issuer(first).refresh(issued.reveal().refresh_token ?? '', { clientId: 'app' })).ok).toBe(false);
  });

  it('a ring: sealed signing keys are read in each step, and after the last one too', async () => {
    const storage = createMemoryStorage();
    for (const encryptionKeys of ringSteps(secret(), secret())) {
      const keys = createSigningKeys({ storage, encryptionKeys });
      const tokens = createTokenIssuer({
        issuer: url,
        audience: url,
        keys,
        storage,
        refresh: { keys: { current: 'r', keys: { r: secret() } } },
      });
      expect((await tokens.issue({ subject: 'ada', clientId: 'app', scope: [] })).reveal().access_token).toMatch(/^ey/);
      expect(await keys.list()).toHaveLength(1);
    }
  });

  it('the vault: every grant is sealed anew, and then the old key may go', async () => {
    const storage = createMemoryStorage();
    const connections = [
      createConnection('github', { provider: github, clientId: 'app', credential: { secret: 's' } }),
    ];
    const vault = (encryptionKeys: KeyRing) => createTokenVault({ storage, encryptionKeys, connections });
    const [first, , third, last] = ringSteps(secret(), secret()) as [KeyRing, KeyRing, KeyRing, KeyRing];
    const tokens: TokenSet = {
      accessToken: new Secret('gho_1'),
      tokenType: 'bearer',
      scopes: [],
      refreshToken: undefined,
      expiresAt: undefined,
    } as unknown as TokenSet;
    for (const user of ['ada', 'rex']) await vault(first).store({ user, provider: 'github', tokens });
    expect(await resealVault(vault(third))).toBe(0);
    expect(await resealVault(vault(last))).toBe(0);
    expect(await resealVault(vault({ current: 'k3', keys: { k3: secret() } }))).toBe(2);
  });
});
