import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Starter, startStarter } from './browser/starter.js';

const starting = 120_000;

interface Answer {
  readonly status: number | undefined;
  /** Every field line, as it went over the wire. */
  readonly lines: readonly (readonly [name: string, value: string])[];
  readonly text: string;
}

function get(url: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers: { accept: 'text/html' } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        const { rawHeaders, statusCode: status } = response;
        const lines = rawHeaders.flatMap((name, at) =>
          at % 2 === 0 ? [[name.toLowerCase(), rawHeaders[at + 1] ?? ''] as const] : [],
        );
        resolve({ status, lines, text });
      });
    });
    sent.on('error', reject).end();
  });
}

const valuesOf = ({ lines }: Answer, name: string) => lines.flatMap(([key, value]) => (key === name ? [value] : []));
const buttons = ({ text }: Answer) =>
  [...text.matchAll(/<a class="button" href="([^"]+)">Sign in with ([^<]+)<\/a>/g)].map(
    ([, href = '', label = '']) => ({
      href: href.replaceAll('&amp;', '&'),
      label,
    }),
  );

describe("the starter's sign-in page, with Google and GitHub configured", () => {
  let starter: Starter;
  beforeAll(async () => {
    const env = {
      DEMO_ID: 'off',
      GOOGLE_CLIENT_ID: 'google-client',
      GOOGLE_CLIENT_SECRET: 'google-secret',
      GITHUB_CLIENT_ID: 'github-client',
      GITHUB_CLIENT_SECRET: 'github-secret',
    };
    starter = await startStarter(env, new URL('./support/google-discovery.mjs', import.meta.url));
  }, starting);
  afterAll(() => starter.stop());

  it('shows a button for each, and none for Demo ID', async () => {
    const page = await get(`${starter.url}/sign-in`);
    expect(buttons(page).map(({ label }) => label)).toEqual(['Google', 'GitHub']);
    expect(valuesOf(page, 'cache-control')).toEqual(['no-store']);
  });

  it.each([
    ['Google', 'https://accounts.google.com/o/oauth2/v2/auth', 'google-client', 'openid email profile'],
    ['GitHub', 'https://github.com/login/oauth/authorize', 'github-client', 'read:user,user:email'],
  ])('sends whoever chooses %s to its door, with what it needs and no secret', async (label, door, client, scope) => {
    const { href } = buttons(await get(`${starter.url}/sign-in?returnTo=/keys`)).find((each) => each.label === label)!;
    const answer = await get(href);
    expect(answer.status).toBe(303);
    const [location = ''] = valuesOf(answer, 'location');
    const { origin, pathname, searchParams } = new URL(location);
    expect(origin + pathname).toBe(door);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      client_id: client,
      redirect_uri: `${starter.url}/auth/${label.toLowerCase()}/callback`,
      response_type: 'code',
      scope,
      state: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
    expect(searchParams.has('nonce')).toBe(label === 'Google');
    expect(JSON.stringify(answer.lines)).not.toMatch(/(?:google|github)-secret/);
    // The sign-in belongs to this browser, and its cookie to this answer alone.
    expect(valuesOf(answer, 'set-cookie')).toEqual([expect.stringMatching(/^__Host-oauth-.*HttpOnly/i)]);
    expect(valuesOf(answer, 'cache-control')).toEqual(['no-store']);
  });

  it('takes nothing for an answer that the provider did not give', async () => {
    const back = await get(`${starter.url}/auth/google/callback?code=stolen&state=${'a'.repeat(43)}`);
    expect([back.status, valuesOf(back, 'location')]).toEqual([303, ['/sign-in?notice=sign-in-unknown']]);
  });
});
