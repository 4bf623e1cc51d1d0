import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { browser, origin, whoIs, world } from './browser.js';

async function signedIn(over: Parameters<typeof world>[0] = {}) {
  const made = world(over);
  const ada = browser();
  const session = await made.sessions.signIn(ada.exchange(), { user: 'ada' });
  const answer = async (request: Parameters<typeof ada.request>[0]) => {
    const result = await made.sessions.authenticator().authenticate(ada.request(request));
    return result.outcome === 'rejected' ? result.denial.code : result.outcome;
  };
  return { ...made, ada, session, answer };
}

const csrf = { origins: [origin], key: new Uint8Array(32).fill(9) };

describe('createSessions: cross-site requests', () => {
  it(`refuses a changing request from another site ${requirement('X1', 'X2', 'X6')}`, async () => {
    const { answer } = await signedIn();
    const from = (site: string) => answer({ headers: { 'sec-fetch-site': site } });
    expect(await from('cross-site')).toBe('csrf_rejected');
    expect(await from('same-site')).toBe('csrf_rejected');
    expect(await from('something-new')).toBe('csrf_rejected');
    expect(await from('same-origin')).toBe('authenticated');
    expect(await from('none')).toBe('authenticated');
    for (const method of ['PUT', 'PATCH', 'DELETE', 'PROPFIND', 'get']) {
      expect(await answer({ method, headers: { 'sec-fetch-site': 'cross-site' } }), method).toBe('csrf_rejected');
    }
  });

  it(`lets links from anywhere read ${requirement('X12')}`, async () => {
    const { answer } = await signedIn();
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      expect(await answer({ method, headers: { 'sec-fetch-site': 'cross-site' } })).toBe('authenticated');
    }
  });

  it(`goes by Origin, then Referer, and refuses without either ${requirement('X3', 'X4', 'X5')}`, async () => {
    const { answer } = await signedIn();
    expect(await answer({ headers: { origin } })).toBe('authenticated');
    expect(await answer({ headers: { referer: `${origin}/page` } })).toBe('authenticated');
    for (const headers of [
      { origin: 'null' },
      { origin: `${origin}.attacker.com` },
      { referer: 'https://attacker.com/' },
      {},
    ] as Record<string, string>[]) {
      expect(await answer({ headers })).toBe('csrf_rejected');
    }
  });

  it(`takes a token of this session where there is no other evidence, from a header ${requirement('X7', 'X8')}`, async () => {
    const { answer, sessions, session } = await signedIn();
    const token = sessions.csrfToken(session);
    expect(await answer({ headers: { 'x-csrf-token': token } })).toBe('authenticated');
    expect(await answer({ url: `/?x-csrf-token=${token}`, headers: {} })).toBe('csrf_rejected');
    expect(await answer({ headers: { 'x-csrf-token': token, 'sec-fetch-site': 'cross-site' } })).toBe('csrf_rejected');
    const other = await sessions.signIn(browser().exchange(), { user: 'rex' });
    expect(await answer({ headers: { 'x-csrf-token': sessions.csrfToken(other) } })).toBe('csrf_rejected');
    expect(sessions.verifyCsrfToken(session, token)).toBe(true);
    expect(sessions.verifyCsrfToken(other, token)).toBe(false);
    expect(() => world({ csrf: { origins: [origin] } }).sessions.csrfToken(session)).toThrow(/csrf\.key/);
  });

  it(`says in Vary by what the answer differs ${requirement('X14')}`, async () => {
    const { sessions, ada } = await signedIn();
    const allowed = await sessions.authenticator().authenticate(ada.request());
    const refused = await sessions
      .authenticator()
      .authenticate(ada.request({ headers: { 'sec-fetch-site': 'cross-site' } }));
    expect(allowed).toMatchObject({ headers: [['vary', 'Sec-Fetch-Site, Origin']] });
    expect(refused).toMatchObject({ denial: { headers: [['vary', 'Sec-Fetch-Site, Origin']] } });
  });

  it(`refuses forms, multipart and plain text on JSON paths without a token ${requirement('X9')}`, async () => {
    const { answer, sessions, session } = await signedIn({ csrf: { ...csrf, jsonOnly: ['/api/*'] } });
    const post = (type: string | undefined, more: Record<string, string> = {}, url = '/api/posts?x') =>
      answer({
        url,
        headers: {
          'sec-fetch-site': 'same-origin',
          'content-length': '5',
          ...(type && { 'content-type': type }),
          ...more,
        },
      });
    for (const type of [
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/plain',
      undefined,
    ]) {
      expect(await post(type), String(type)).toBe('csrf_rejected');
      expect(await post(type, { 'x-csrf-token': sessions.csrfToken(session) })).toBe('authenticated');
    }
    expect(await post('application/json; charset=utf-8')).toBe('authenticated');
    expect(await post('text/plain', {}, '/form')).toBe('authenticated');
    expect(await answer({ url: '/api/posts/1', method: 'DELETE', headers: { 'sec-fetch-site': 'same-origin' } })).toBe(
      'authenticated',
    );
  });

  it('lets JSON-only paths be read, whatever the reader says of a body', async () => {
    const { answer } = await signedIn({ csrf: { ...csrf, jsonOnly: ['/api/*'] } });
    const headers = { 'sec-fetch-site': 'same-origin', 'content-type': 'text/plain' };
    expect(await answer({ url: '/api/posts', method: 'GET', headers })).toBe('authenticated');
    expect(await answer({ url: '/api/posts', method: 'POST', headers })).toBe('csrf_rejected');
  });

  it('protects every JSON-only path that is named, also from a body of unknown length', async () => {
    const { answer } = await signedIn({ csrf: { ...csrf, jsonOnly: ['/api/*', '/v2/*', '/hook'] } });
    for (const url of ['/api/posts', '/v2/posts', '/hook']) {
      const headers = { 'sec-fetch-site': 'same-origin', 'transfer-encoding': 'chunked' };
      expect(await answer({ url, headers }), url).toBe('csrf_rejected');
    }
  });

  it('says of a refusal why, and of every answer what it depends on', async () => {
    const { sessions, ada } = await signedIn({ csrf: { ...csrf, jsonOnly: ['/api'], exempt: ['/hook'] } });
    const ask = (url: string) =>
      sessions
        .authenticator()
        .authenticate(ada.request({ url, headers: { 'sec-fetch-site': 'same-origin', 'content-type': 'text/plain' } }));
    const headers = [['vary', 'Sec-Fetch-Site, Origin']];
    expect(await ask('/api')).toMatchObject({
      denial: { code: 'csrf_rejected', detail: expect.stringContaining('JSON'), headers },
    });
    expect(await ask('/hook')).toMatchObject({ outcome: 'authenticated', headers });
  });

  it('takes no text in a path for the start of a URL', async () => {
    const { answer } = await signedIn({ csrf: { ...csrf, exempt: ['/'] } });
    expect(await answer({ ...{ headers: { 'sec-fetch-site': 'cross-site' } }, url: '/' })).toBe('authenticated');
    for (const url of ['/http://evil.example', '/go/http://evil.example/'])
      expect(await answer({ headers: { 'sec-fetch-site': 'cross-site' }, url }), url).toBe('csrf_rejected');
  });

  it('verifies a token that came in a body, and none without a key', async () => {
    const { sessions, session } = await signedIn();
    expect(sessions.verifyCsrfToken(session, sessions.csrfToken(session))).toBe(true);
    expect(sessions.verifyCsrfToken({ id: 'other' }, sessions.csrfToken(session))).toBe(false);
    expect(sessions.verifyCsrfToken(session, undefined)).toBe(false);
    const without = await signedIn({ csrf: { origins: [origin] } });
    expect(without.sessions.verifyCsrfToken(without.session, 'x')).toBe(false);
    expect(() => without.sessions.csrfToken(without.session)).toThrow(/csrf\.key/);
  });

  it('leaves exactly the paths that are exempt by name', async () => {
    const { answer } = await signedIn({ csrf: { ...csrf, exempt: ['/hooks/signed'] } });
    const cross = { headers: { 'sec-fetch-site': 'cross-site' } };
    expect(await answer({ ...cross, url: '/hooks/signed?a=b' })).toBe('authenticated');
    expect(await answer({ ...cross, url: `${origin}/hooks/signed` })).toBe('authenticated');
    for (const url of ['/hooks/signed/', '/hooks/Signed', '/hooks/signed/more', '/hooks/%73igned', '/']) {
      expect(await answer({ ...cross, url }), url).toBe('csrf_rejected');
    }
  });

  it(`protects sign-in and sign-out too ${requirement('X10')}`, async () => {
    const { sessions, events } = world();
    const victim = browser();
    const cross = { headers: { 'sec-fetch-site': 'cross-site' } };
    await expect(sessions.signIn(victim.exchange(cross), { user: 'mallory' })).rejects.toMatchObject({
      code: 'session_cross_site',
      status: 403,
    });
    expect(victim.value()).toBeUndefined();
    await sessions.signIn(victim.exchange(), { user: 'ada' });
    await expect(sessions.signOut(victim.exchange(cross))).rejects.toMatchObject({ code: 'session_cross_site' });
    expect(await whoIs(sessions, victim.request())).toBe('ada');
    expect(events.filter(({ type }) => type === 'session.csrf_rejected')).toHaveLength(2);
  });

  it(`lets an old browser sign in with the token of its anonymous session ${requirement('X10')}`, async () => {
    const { sessions } = world();
    const old = browser();
    const anonymous = await sessions.anonymous(old.exchange({ method: 'GET', headers: {} }));
    await expect(sessions.signIn(old.exchange({ headers: {} }), { user: 'ada' })).rejects.toMatchObject({
      code: 'session_cross_site',
    });
    await sessions.signIn(old.exchange({ headers: {} }), { user: 'ada', csrfToken: sessions.csrfToken(anonymous) });
    expect(await whoIs(sessions, old.request())).toBe('ada');
  });

  it('has tokens die with the session id', async () => {
    const { sessions } = world();
    const visitor = browser();
    const anonymous = await sessions.anonymous(visitor.exchange());
    const token = sessions.csrfToken(anonymous);
    await sessions.signIn(visitor.exchange(), { user: 'ada' });
    const result = await sessions.authenticator().authenticate(visitor.request({ headers: { 'x-csrf-token': token } }));
    expect(result.outcome).toBe('rejected');
  });
});
