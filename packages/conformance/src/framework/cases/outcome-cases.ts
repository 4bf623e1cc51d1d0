import type { AuthRequest, Outcome } from '@portcullis/core';
import { expect } from 'vitest';
import { bearer, type FrameworkCase, type FrameworkServer, requirement } from '../framework-case.js';
import type { RawAnswer, RawRequest } from '../raw-client.js';
import { canary, createSuiteGuard } from '../suite-guard.js';

const guard = createSuiteGuard();

/** The same header lines as any Node adapter must present them. */
function requestOf(lines: readonly string[]): AuthRequest {
  const valuesOf = (name: string): readonly string[] =>
    lines
      .map(
        (line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const,
      )
      .filter(([each]) => each === name)
      .map(([, value]) => value);
  return { method: 'GET', url: '/', ip: '127.0.0.1', header: (name) => valuesOf(name)[0], headerValues: valuesOf };
}

/** The answer is the guard's outcome: status, every field once and no other of that name, and the body byte for byte. */
function expectOutcome(answer: RawAnswer, outcome: Outcome, head = false): void {
  expect(answer.body).toBe(head ? '' : outcome.body);
  expect(answer.status).toBe(outcome.status);
  for (const name of new Set(outcome.headers.map(([each]) => each))) {
    const values = outcome.headers.filter(([each]) => each === name).map(([, value]) => value);
    expect([name, ...answer.all(name)]).toEqual([name, ...values]);
  }
}

interface Refusal extends RawRequest {
  readonly status: number;
  readonly code: string;
  readonly challenge?: RegExp;
}

/** Refused with that status and code, as an RFC 9457 body that names the same status, and the handler did not run. */
async function refused(
  { send, log }: FrameworkServer,
  { status, code, challenge, ...request }: Refusal,
): Promise<RawAnswer> {
  log.ran.length = 0;
  const answer = await send(request);
  expect([answer.status, answer.all('content-type'), answer.all('cache-control')]).toEqual([
    status,
    ['application/problem+json'],
    ['no-store'],
  ]);
  expect(JSON.parse(answer.body)).toMatchObject({ type: 'about:blank', status, code });
  expect(answer.body).not.toContain(canary);
  expect(log.ran).toEqual([]);
  if (status === 401) expect(answer.all('www-authenticate')).toHaveLength(1);
  if (challenge !== undefined) expect(answer.all('www-authenticate').join()).toMatch(challenge);
  return answer;
}

const get = (target: string, ...lines: readonly string[]): RawRequest => ({ target, lines });

export const outcomeCases: readonly FrameworkCase[] = [
  {
    id: 'auth.same-outcomes',
    title: `answers exactly what the guard decided ${requirement('A1', 'C17', 'C18')}`,
    async run({ closed }) {
      const credentials = [
        'Authorization: Bearer nobody',
        'Authorization: Basic eDp5',
        bearer('limited'),
        bearer('down'),
        'X-API-Key: nobody',
      ];
      for (const lines of [[], [bearer('ada'), bearer('ada')], ...credentials.map((line) => [line])]) {
        const decision = await guard.check(requestOf(lines), { kind: 'authenticated' });
        if (decision.allowed) throw new Error('The suite means to be refused.');
        expectOutcome(await closed.send({ target: '/me', lines }), decision.outcome);
        expectOutcome(await closed.send({ method: 'HEAD', target: '/me', lines }), decision.outcome, true);
      }
    },
  },
  {
    id: 'auth.no-credential',
    title: `asks for a credential, offering every scheme and naming no error ${requirement('C11', 'C12')}`,
    async run({ closed }) {
      const answer = await refused(closed, { target: '/me', status: 401, code: 'credential_missing' });
      expect(answer.all('www-authenticate')).toEqual(['Bearer realm="suite", ApiKey realm="suite"']);
    },
  },
  {
    id: 'auth.malformed',
    title: `tells a malformed credential (400) from a bad one (401) and a short scope (403) ${requirement('C13')}`,
    async run({ closed }) {
      await refused(closed, {
        ...get('/me', bearer('nobody')),
        status: 401,
        code: 'invalid_token',
        challenge: /^Bearer realm="suite", error="invalid_token"/,
      });
      await refused(closed, { ...get('/me', 'Authorization: Digest x'), status: 401, code: 'invalid_token' });
      await refused(closed, { ...get('/me?access_token=ada'), status: 400, code: 'invalid_request' });
      await refused(closed, { ...get('/keys-only', bearer('ada')), status: 401, code: 'scheme_not_accepted' });
    },
  },
  {
    id: 'auth.duplicates',
    title: `refuses two Authorization fields, and two kinds of credential, with 400 ${requirement('A3', 'C10')}`,
    async run({ closed }) {
      const twice = { status: 400, code: 'invalid_request' };
      await refused(closed, { ...get('/me', bearer('ada'), bearer('ada')), ...twice });
      await refused(closed, { ...get('/me', bearer('ada'), 'aUTHORIZATION: Bearer rex'), ...twice });
      await refused(closed, { ...get('/me', `${bearer('ada')}, Bearer rex`), ...twice });
      await refused(closed, { ...get('/me', bearer('ada'), 'X-API-Key: ada'), ...twice });
    },
  },
  {
    id: 'auth.scope-and-role',
    title: `refuses what the scope or the role does not allow, naming the scope`,
    async run({ closed }) {
      const post = { method: 'POST', target: '/posts' };
      await refused(closed, { ...post, lines: [bearer('rex')], status: 403, code: 'permission_denied' });
      const short = { ...post, lines: [bearer('read-only')], status: 403, code: 'insufficient_scope' };
      await refused(closed, { ...short, challenge: /error="insufficient_scope", scope="posts:create"/ });
      expect((await closed.send({ ...post, lines: [bearer('ada')] })).body).toBe('created');
      expect((await closed.send({ ...post, lines: [bearer('ada-later')] })).body).toBe('created');
    },
  },
  {
    id: 'auth.fresh',
    title: 'asks for a newer sign-in where a route wants one',
    async run({ closed }) {
      const stale = { status: 401, code: 'insufficient_user_authentication', challenge: /max_age="60"/ };
      await refused(closed, { ...get('/fresh', bearer('stale')), ...stale });
      expect((await closed.send(get('/fresh', bearer('recent')))).body).toBe('fresh');
    },
  },
  {
    id: 'auth.unavailable',
    title: `answers 503 when an authenticator or a loader throws, rejects or is down, and runs no handler ${requirement('C2', 'C19')}`,
    async run({ closed }) {
      for (const token of ['down', 'throws', 'rejects']) {
        await refused(closed, { ...get('/me', bearer(token)), status: 503, code: 'unavailable' });
        await refused(closed, { ...get('/maybe', bearer(token)), status: 503, code: 'unavailable' });
      }
      for (const target of ['/load-throws', '/load-rejects', '/no-such-param'])
        await refused(closed, { ...get(target, bearer('rex')), status: 503, code: 'unavailable' });
      expect((await closed.send(get('/me', bearer('down')))).all('retry-after')).toEqual(['3']);
    },
  },
  {
    id: 'auth.rate-limited',
    title: "answers 429 with the denial's own fields and members",
    async run({ closed }) {
      const answer = await refused(closed, { ...get('/me', bearer('limited')), status: 429, code: 'rate_limited' });
      expect(answer.all('retry-after')).toEqual(['7']);
      expect(JSON.parse(answer.body)).toMatchObject({ 'violated-policies': ['hourly'] });
    },
  },
  {
    id: 'auth.resources',
    title:
      'judges the loaded resource and hands it to the handler; none is 404, and a caller without the role learns nothing',
    async run({ closed }) {
      const remove = (target: string, token: string): RawRequest => ({
        method: 'DELETE',
        target,
        lines: [bearer(token)],
      });
      expect((await closed.send(remove('/posts/p1', 'ada'))).body).toBe('p1');
      expect((await closed.send(remove('/posts/p2', 'root'))).body).toBe('p2');
      await refused(closed, { ...remove('/posts/p2', 'ada'), status: 403, code: 'permission_denied' });
      await refused(closed, { ...remove('/posts/none', 'ada'), status: 404, code: 'not_found' });
      await refused(closed, { ...remove('/posts/none', 'rex'), status: 403, code: 'permission_denied' });
      expect((await closed.send(get('/posts/p1', bearer('rex')))).body).toBe('p1 p1');
    },
  },
  {
    id: 'auth.conceal',
    title: 'answers a concealed denial as if the resource did not exist, byte for byte',
    async run({ closed }) {
      const remove = (target: string): Refusal => ({
        method: 'DELETE',
        target,
        lines: [bearer('ada')],
        status: 404,
        code: 'not_found',
      });
      const [other, none] = [await refused(closed, remove('/hidden/p2')), await refused(closed, remove('/hidden/zz'))];
      expect(other.body).toBe(none.body);
      expect(other.fields.filter(([name]) => name !== 'Date')).toEqual(none.fields.filter(([name]) => name !== 'Date'));
    },
  },
  {
    id: 'auth.optional',
    title: 'lets anonymous callers through an optional route, never a bad credential',
    async run({ closed }) {
      expect((await closed.send(get('/maybe'))).body).toBe('nobody');
      expect((await closed.send(get('/maybe', bearer('ada')))).body).toBe('ada');
      await refused(closed, { ...get('/maybe', bearer('nobody')), status: 401, code: 'invalid_token' });
      const asked = await closed.send(get('/maybe-not'));
      expect([asked.status, JSON.parse(asked.body).code]).toEqual([401, 'credential_missing']);
    },
  },
  {
    id: 'auth.principal',
    title: 'gives the handler one and the same auth, inline and through auth()',
    async run({ closed }) {
      const answer = await closed.send(get('/me', bearer('ada')));
      expect(JSON.parse(answer.body)).toEqual([{ kind: 'user', id: 'ada' }, 'token-of-ada', true]);
      expect((await closed.send(get('/me', 'X-API-Key: rex'))).status).toBe(200);
    },
  },
  {
    id: 'auth.every-method',
    title: `runs the guard for every method, unusual ones included ${requirement('C3')}`,
    async run({ closed }) {
      for (const method of ['GET', 'PUT', 'DELETE', 'PROPFIND', 'PURGE', 'REPORT', 'LOCK', 'OPTIONS']) {
        await refused(closed, { method, target: '/any', status: 401, code: 'credential_missing' });
        expect((await closed.send({ method, target: '/any', lines: [bearer('ada')] })).body).toBe(method);
      }
    },
  },
  {
    id: 'auth.head',
    title: `guards HEAD as GET ${requirement('C3')}`,
    async run({ closed }) {
      closed.log.ran.length = 0;
      const answer = await closed.send({ method: 'HEAD', target: '/me' });
      expect([answer.status, answer.body, closed.log.ran]).toEqual([401, '', []]);
      expect(answer.all('www-authenticate')).toHaveLength(1);
      expect((await closed.send({ method: 'HEAD', target: '/me', lines: [bearer('ada')] })).status).toBe(200);
    },
  },
];
