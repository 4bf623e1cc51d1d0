import { randomBytes } from 'node:crypto';
import { createOAuthClient } from '@portcullis/oauth-client';
import { requirement } from '@portcullis-internal/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenStorage, storages } from './storages.js';

const issuer = 'https://id.example.com';
const key = (subject: string) => ({ issuer, subject, provider: 'example' });

describe.each(storages)('identities on $name', { timeout: 60_000 }, (kind) => {
  let opened: OpenStorage | undefined;
  const open = (storage: OpenStorage['storage']) =>
    createOAuthClient({
      storage,
      origin: 'https://app.example.org',
      encryptionKeys: { current: 'k1', keys: { k1: randomBytes(32) } },
      providers: {
        example: {
          provider: {
            id: 'example',
            label: 'Example',
            issuer,
            discovery: 'oidc',
            openid: true,
            scopes: ['openid'],
            profile: ({ claims }) => ({ subject: String(claims['sub']), emailVerified: false }),
          },
          clientId: 'client-1',
          credential: { none: true },
        },
      },
    }).identities;
  let both: readonly ReturnType<typeof open>[] = [];

  beforeAll(async () => {
    opened = await kind.open();
    if (opened === undefined) return;
    both = [open(opened.storage), open(opened.another)];
    await opened.migrate();
  }, 60_000);
  afterAll(() => opened?.close());
  const at = (index: number): ReturnType<typeof open> => both[index % 2] as ReturnType<typeof open>;

  it(`gives an identity to one of many users at once ${requirement('C9')}`, async (context) => {
    if (opened === undefined) return context.skip();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => at(index).link(key('contested'), `user-${index}`)),
    );
    const winners = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.user] : []));
    expect(winners).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'identity_taken' });
    }
    expect((await at(1).find(key('contested')))?.user).toBe(winners[0]);
  });

  it('links once for one user who asks many times at once', async (context) => {
    if (opened === undefined) return context.skip();
    await Promise.all(Array.from({ length: 20 }, (_, index) => at(index).link(key('mine'), 'patient')));
    expect(await at(0).list('patient')).toHaveLength(1);
  });

  it('never takes the last way in, whoever unlinks at the same time', async (context) => {
    if (opened === undefined) return context.skip();
    for (let round = 0; round < 5; round++) {
      const user = `round-${round}`;
      const subjects = [0, 1, 2, 3].map((index) => `${user}-${index}`);
      for (const subject of subjects) await at(0).link(key(subject), user);
      const outcomes = await Promise.allSettled(subjects.map((subject, index) => at(index).unlink(key(subject), user)));
      const left = await at(0).list(user);
      expect(left).toHaveLength(1);
      const refused = outcomes.filter(({ status }) => status === 'rejected');
      expect(refused).toMatchObject([{ reason: { code: 'identity_last' } }]);
      // With a password, say, it may go.
      const [last = key('none')] = left;
      expect(await at(1).unlink(last, user, { otherWayIn: async () => true })).toBe(true);
      expect(await at(0).find(last)).toBeUndefined();
    }
  });

  it('unlinks only what is the user’s, and links it again', async (context) => {
    if (opened === undefined) return context.skip();
    await at(0).link(key('again-1'), 'owner');
    await at(0).link(key('again-2'), 'owner');
    expect(await at(1).unlink(key('again-1'), 'stranger', { otherWayIn: true })).toBe(false);
    expect(await at(1).unlink(key('again-1'), 'owner')).toBe(true);
    await at(0).link(key('again-1'), 'owner');
    expect(await at(1).unlink(key('again-2'), 'owner')).toBe(true);
    await expect(at(0).unlink(key('again-1'), 'owner')).rejects.toMatchObject({ code: 'identity_last' });
    expect(await at(0).removeAll('owner')).toBe(1);
    expect(await at(1).list('owner')).toEqual([]);
  });
});
