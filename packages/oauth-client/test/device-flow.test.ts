import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { beginDeviceFlow } from '../src/tokens/device-flow.js';
import { timerWait } from '../src/tokens/wait.js';
import { testProvider } from './support/test-provider.js';
import { refusal, tokenEndpoint } from './support/token-endpoint.js';

const begun = {
  device_code: 'device-code-canary',
  user_code: 'ABCD-EFGH',
  verification_uri: 'https://id.example.com/device',
  expires_in: 600,
};

function setUp(answers: readonly (string | object)[], changes: object = {}) {
  let count = 0;
  const waits: number[] = [];
  const parts = tokenEndpoint(
    ({ url }) => {
      if (url.endsWith('/device')) return { ...begun, ...changes };
      const next = answers[Math.min(count++, answers.length - 1)] ?? 'authorization_pending';
      if (next instanceof Response) return next.clone();
      return typeof next === 'string' ? refusal(next) : next;
    },
    { provider: testProvider({ openid: false, scopes: ['tv'] }) },
  );
  const wait = async (ms: number): Promise<void> => {
    waits.push(ms);
    parts.clock.advance(ms);
  };
  return { ...parts, waits, polls: () => count, begin: () => beginDeviceFlow(parts.connection, { wait }) };
}

const tokens = { access_token: 'a', token_type: 'bearer', expires_in: 60 };
const seconds = (...list: number[]): number[] => list.map((each) => each * 1000);

describe('beginDeviceFlow', () => {
  it(`asks every 5 seconds, 5 more after each slow_down ${requirement('O23')}`, async () => {
    const { begin, waits, asked } = setUp([
      'authorization_pending',
      'slow_down',
      'authorization_pending',
      'slow_down',
      'authorization_pending',
      tokens,
    ]);
    const flow = await begin();
    expect(flow).toMatchObject({ userCode: 'ABCD-EFGH', verificationUri: begun.verification_uri });
    expect((await flow.tokens()).scopes).toEqual(['tv']);
    expect(waits).toEqual(seconds(5, 5, 10, 10, 15, 15));
    expect(asked[0]?.form.get('scope')).toBe('tv');
    expect(asked.at(-1)?.form.get('device_code')).toBe(begun.device_code);
    expect(JSON.stringify(flow)).not.toContain('canary');
  });

  it(`asks as often as the server says ${requirement('O23')}`, async () => {
    const { begin, waits } = setUp(['authorization_pending', tokens], { interval: 2 });
    await (await begin()).tokens();
    expect(waits).toEqual(seconds(2, 2));
  });

  it('asks half as often after each question that nobody answered', async () => {
    const silent = new Response('', { status: 503 });
    const { begin, waits } = setUp([silent, silent, 'authorization_pending', tokens]);
    await (await begin()).tokens();
    expect(waits).toEqual(seconds(5, 10, 20, 20));
  });

  it.each([
    ['expired_token', 'device_code_expired'],
    ['access_denied', 'sign_in_denied'],
    ['invalid_grant', 'provider_refused'],
  ])(`stops on %s ${requirement('O23')}`, async (error, code) => {
    const { begin, polls } = setUp([error, tokens]);
    const flow = await begin();
    await expect(flow.tokens()).rejects.toMatchObject({ code });
    await expect(flow.tokens()).rejects.toMatchObject({ code });
    expect(polls()).toBe(1);
  });

  it(`stops when the code ends by its own clock ${requirement('O23')}`, async () => {
    const { begin, polls } = setUp(['authorization_pending'], { expires_in: 16 });
    await expect((await begin()).tokens()).rejects.toMatchObject({ code: 'device_code_expired' });
    expect(polls()).toBe(3);
  });

  it('stops when its caller does, also in the middle of a wait', async () => {
    const { connection, polls } = setUp(['authorization_pending']);
    const flow = await beginDeviceFlow(connection, { wait: timerWait });
    const stop = new AbortController();
    const waiting = flow.tokens({ signal: stop.signal });
    stop.abort(new Error('the user went away'));
    await expect(waiting).rejects.toThrow('the user went away');
    expect(polls()).toBe(0);
  });

  it(`gives one code's tokens once, to all who ask ${requirement('D1')}`, async () => {
    const { begin, polls } = setUp([tokens, 'invalid_grant']);
    const flow = await begin();
    const both = await Promise.all([flow.tokens(), flow.tokens()]);
    expect(both[0]).toBe(both[1]);
    expect(polls()).toBe(1);
  });

  it.each(['http://id.example.com/device', 'javascript:alert(1)', 'https://127.0.0.1/'])(
    'sends no user to %s',
    async (uri) => {
      await expect(setUp([], { verification_uri: uri }).begin()).rejects.toMatchObject({ code: 'provider_misbehaved' });
      await expect(setUp([], { verification_uri_complete: uri }).begin()).rejects.toMatchObject({
        code: 'provider_misbehaved',
      });
    },
  );
});
