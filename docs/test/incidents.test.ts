import { createApiKeys } from '@portcullis/api-key';
import { createGuard, createMemoryStorage, createPolicy } from '@portcullis/core';
import { honoGuard } from '@portcullis/hono';
import { createJwtVerifier, createSigningKeys, createTokenIssuer } from '@portcullis/jwt';
import { createSessions } from '@portcullis/session';
import { Hono } from 'hono';
import { beforeEach, describe, expect, it } from 'vitest';
import { createIncidentTools } from '../snippets/guide/incidents.js';

const random = (): string => crypto.getRandomValues(Buffer.alloc(32)).toString('base64url');
const url = 'https://api.example.com';

function createHouse() {
  const storage = createMemoryStorage();
  const keys = createApiKeys({ storage, brand: 'acme', defaultScopes: 'unlimited' });
  const sessions = createSessions({ storage, csrf: { origins: [url] } });
  const signingKeys = createSigningKeys({ storage, encryptionKeys: { current: 's1', keys: { s1: random() } } });
  const tokens = createTokenIssuer({
    issuer: url,
    audience: url,
    keys: signingKeys,
    storage,
    refresh: { keys: { current: 'r1', keys: { r1: random() } } },
  });
  const verifier = createJwtVerifier({
    issuer: url,
    audience: url,
    algorithms: ['EdDSA'],
    keys: signingKeys,
    revocations: tokens.revocations,
  });
  const policy = createPolicy({ permissions: ['posts:read'], roles: { reader: ['posts:read'] } });
  const g = honoGuard(
    createGuard({
      authenticators: [keys.authenticator(), verifier.authenticator(), sessions.authenticator()],
      policy,
      roles: () => ['reader'],
    }),
  );
  const app = new Hono();
  app.post('/in/:user', g.open(), async (c) => {
    await sessions.signIn(g.exchange(c), { user: c.req.param('user') });
    return c.body(null, 204);
  });
  app.get('/', g.require('posts:read'), (c) => c.text('in'));
  app.onError(g.errors());

  /** Every credential of a user, as header fields. */
  async function comeIn(user: string) {
    const { key } = await keys.create({ owner: user });
    const issued = (await tokens.issue({ subject: user, clientId: 'app', scope: ['posts:read'] })).reveal();
    const signedIn = await app.request(`${url}/in/${user}`, { method: 'POST', headers: { origin: url } });
    const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
    return { key: key.reveal(), bearer: issued.access_token, refresh: issued.refresh_token ?? '', cookie };
  }
  const ask = async (headers: Record<string, string>) => (await app.request(`${url}/`, { headers })).status;
  async function doors({ key, bearer, refresh, cookie }: Awaited<ReturnType<typeof comeIn>>) {
    return {
      key: await ask({ authorization: `Bearer ${key}` }),
      token: await ask({ authorization: `Bearer ${bearer}` }),
      session: await ask({ cookie }),
      refresh: (await tokens.refresh(refresh, { clientId: 'app' })).ok,
    };
  }
  return { tools: createIncidentTools({ keys, sessions, tokens, signingKeys }), comeIn, doors };
}

const open = { key: 200, token: 200, session: 200, refresh: true };
const shut = { key: 401, token: 401, session: 401, refresh: false };

describe('the guide on incidents', () => {
  let house: ReturnType<typeof createHouse>;
  beforeEach(() => (house = createHouse()));

  it('a key leaked: that key is dead, and nothing else is', async () => {
    const ada = await house.comeIn('ada');
    expect(await house.tools.keyLeaked(ada.key)).toBe('ada');
    expect(await house.doors(ada)).toEqual({ ...open, key: 401 });
    expect(await house.tools.keyLeaked('acme_live_nobody')).toBeUndefined();
  });

  it('log out everywhere: every door is shut to Ada, and none to Rex', async () => {
    const [ada, rex] = [await house.comeIn('ada'), await house.comeIn('rex')];
    await house.tools.logOutEverywhere('ada', 'laptop stolen');
    expect(await house.doors(ada)).toEqual(shut);
    expect(await house.doors(rex)).toEqual(open);
  });

  it('log everyone out: every door is shut to everyone', async () => {
    const everyone = [await house.comeIn('ada'), await house.comeIn('rex')];
    async function* users() {
      yield* ['ada', 'rex'];
    }
    await house.tools.logEveryoneOut(users(), 'incident 7');
    for (const each of everyone) expect(await house.doors(each)).toEqual(shut);
  });

  it('a signing key stolen: what it signed is refused, and a refresh gives a token that is good', async () => {
    const ada = await house.comeIn('ada');
    await house.tools.replaceSigningKeys();
    expect(await house.doors(ada)).toEqual({ ...open, token: 401 });
    expect((await house.doors(await house.comeIn('ada'))).token).toBe(200);
  });
});
