import { expect } from 'vitest';
import { bearer, type FrameworkCase, requirement } from '../framework-case.js';
import { canary } from '../suite-guard.js';

export const errorCases: readonly FrameworkCase[] = [
  {
    id: 'errors.demand',
    title: "turns a handler's thrown denial into the guard's own 403, thrown or rejected",
    async run({ closed }) {
      const own = await closed.send({ method: 'DELETE', target: '/posts/p2', lines: [bearer('ada')] });
      for (const target of ['/demand/p2', '/demand-later/p2']) {
        const answer = await closed.send({ target, lines: [bearer('ada')] });
        expect([answer.status, answer.body]).toEqual([own.status, own.body]);
        expect([answer.all('content-type'), answer.all('cache-control')]).toEqual([
          ['application/problem+json'],
          ['no-store'],
        ]);
      }
      expect((await closed.send({ target: '/demand/p1', lines: [bearer('ada')] })).body).toBe('granted');
      const short = await closed.send({ target: '/demand/p1', lines: [bearer('read-only')] });
      expect([short.status, JSON.parse(short.body).code]).toEqual([403, 'insufficient_scope']);
      expect(short.all('www-authenticate').join()).toContain('scope="posts:delete"');
    },
  },
  {
    id: 'errors.outage',
    title: `turns a storage's outage into 503 and says nothing of its cause ${requirement('C19')}`,
    async run({ closed }) {
      const answer = await closed.send({ target: '/outage' });
      expect([answer.status, JSON.parse(answer.body).code]).toEqual([503, 'unavailable']);
      expect(answer.body).not.toContain(canary);
    },
  },
  {
    id: 'errors.others',
    title: `leaves other errors to the framework, rejections too ${requirement('A4')}`,
    async run({ closed, bare }) {
      for (const server of [closed, bare]) {
        for (const target of ['/throws', '/rejects']) {
          const answer = await server.send({ target });
          expect(answer.status).toBe(500);
          expect(answer.all('content-type')).not.toContain('application/problem+json');
        }
      }
    },
  },
  {
    id: 'errors.secrets',
    title: `shows nothing of what an authenticator or loader threw ${requirement('C19')}`,
    async run({ closed, bare }) {
      for (const server of [closed, bare]) {
        const requests = ['/me throws', '/me rejects', '/me down', '/load-throws rex', '/load-rejects rex'];
        for (const [target = '', token = ''] of requests.map((each) => each.split(' '))) {
          const answer = await server.send({ target, lines: [bearer(token)] });
          const sent = JSON.stringify([answer.fields, answer.body]);
          expect(sent).not.toContain(canary);
          expect(sent).not.toContain('.js:');
          expect(sent).not.toContain('.ts:');
        }
      }
    },
  },
  {
    id: 'errors.without',
    title: 'lets the status of a thrown denial through where errors() is not mounted',
    async run({ bare }) {
      const answer = await bare.send({ target: '/demand/p2', lines: [bearer('ada')] });
      expect(answer.status).toBeGreaterThanOrEqual(403);
      expect(answer.body).not.toBe('granted');
    },
  },
];
