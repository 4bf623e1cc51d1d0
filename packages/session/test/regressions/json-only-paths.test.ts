import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { browser, origin, world } from '../browser.js';

const csrf = { origins: [origin], jsonOnly: ['/api/*', '/one'], exempt: ['/hooks/signed'] };

async function answering() {
  const { sessions } = world({ csrf });
  const ada = browser();
  await sessions.signIn(ada.exchange(), { user: 'ada' });
  return async (url: string, headers: Record<string, string>) => {
    const result = await sessions.authenticator().authenticate(ada.request({ url, headers }));
    return result.outcome === 'rejected' ? result.denial.code : result.outcome;
  };
}

describe('createSessions: paths that take JSON only', () => {
  const form = { 'sec-fetch-site': 'same-origin', 'content-type': 'text/plain', 'content-length': '5' };

  it.each([
    '/API/posts',
    '/api//posts',
    '//api/posts',
    '/%61pi/posts',
    '/%2561pi/posts',
    '/api%2Fposts',
    '/api\\posts',
    '/api/',
    '/api',
    '/One/',
    `${origin}/api/posts`,
    `${origin}//api/posts?x`,
  ])(`cannot be reached by %s, which some router takes for one of them ${requirement('X9')}`, async (url) => {
    expect(await (await answering())(url, form)).toBe('csrf_rejected');
  });

  it(`look at a body whose length is not told: HTTP/2, web runtimes ${requirement('X9')}`, async () => {
    const answer = await answering();
    const own = { 'sec-fetch-site': 'same-origin' };
    expect(await answer('/api/posts', { ...own, 'content-type': 'text/plain' })).toBe('csrf_rejected');
    expect(await answer('/api/posts', { ...own, 'content-length': '5, 5' })).toBe('csrf_rejected');
    expect(await answer('/api/posts', { ...own, 'content-length': '0' })).toBe('authenticated');
    expect(await answer('/api/posts', { ...own, 'content-type': 'application/json' })).toBe('authenticated');
  });

  it.each(['/', '/apis/x', '/x/api/posts', '/one/two', '/%zz'])('leave %s alone', async (url) => {
    expect(await (await answering())(url, form)).toBe('authenticated');
  });
});

describe('createSessions: exempt paths', () => {
  it('are compared as sent: no dot segment or encoding leads to one', async () => {
    const answer = await answering();
    const cross = { 'sec-fetch-site': 'cross-site' };
    expect(await answer(`${origin}/hooks/signed?a=b`, cross)).toBe('authenticated');
    for (const url of [
      `${origin}/posts/../hooks/signed`,
      `${origin}/posts/%2e%2e/hooks/signed`,
      '/posts/../hooks/signed',
      '//hooks/signed',
      'hooks/signed',
      '*',
      'host:443',
      '',
    ]) {
      expect(await answer(url, cross), url).toBe('csrf_rejected');
    }
  });
});
