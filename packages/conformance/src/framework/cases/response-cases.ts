import { expect } from 'vitest';
import { bearer, type FrameworkCase, requirement } from '../framework-case.js';
import { corsFields } from '../suite-app.js';

export const responseCases: readonly FrameworkCase[] = [
  {
    id: 'response.cookies',
    title: `keeps several Set-Cookie fields apart, the application's own among them ${requirement('A2')}`,
    async run({ closed, bare }) {
      for (const server of [closed, bare]) {
        const answer = await server.send({ target: '/cookies' });
        expect(answer.body).toBe('cookies');
        expect([...answer.all('set-cookie')].sort()).toEqual(['csrf=2; Path=/', 'own=1; Path=/', 'sid=1; Path=/']);
      }
    },
  },
  {
    id: 'response.renewed',
    title: 'sends the fields that an authenticator wants on the response',
    async run({ closed }) {
      const answer = await closed.send({ target: '/me', lines: [bearer('renewed')] });
      expect([answer.status, answer.all('set-cookie')]).toEqual([200, ['sid=renewed; Path=/']]);
    },
  },
  {
    id: 'response.stream',
    title: 'sends appended fields with a streamed response',
    async run({ closed }) {
      const answer = await closed.send({ target: '/stream' });
      expect([answer.body, answer.all('set-cookie')]).toEqual(['one two three', ['sid=1; Path=/']]);
    },
  },
  {
    id: 'response.raw-head',
    title: 'sends appended fields beside those of a head written by hand',
    async run({ closed }) {
      const answer = await closed.send({ target: '/raw' });
      expect([answer.status, answer.body]).toEqual([201, 'made by hand']);
      expect([...answer.all('set-cookie')].sort()).toEqual(['own=1; Path=/', 'own=2; Path=/', 'sid=1; Path=/']);
      expect(answer.all('content-type').join()).toMatch(/^text\/plain/);
    },
  },
  {
    id: 'response.thrown',
    title: 'sends appended fields with the error page of a handler that threw or rejected',
    async run({ closed, bare }) {
      for (const server of [closed, bare]) {
        for (const target of ['/throws', '/rejects']) {
          const answer = await server.send({ target });
          expect([answer.status, answer.all('set-cookie')]).toEqual([500, ['sid=1; Path=/']]);
        }
      }
    },
  },
  {
    id: 'response.late',
    title: 'refuses a field after the head was sent, with an error that has a code',
    async run({ closed }) {
      expect((await closed.send({ target: '/late' })).status).toBe(200);
      const append = (): void => closed.log.late?.response.append('Set-Cookie', 'late=1');
      expect(append).toThrow(expect.objectContaining({ code: 'response_sent' }));
    },
  },
  {
    id: 'response.bad-field',
    title: 'refuses a field value that would split the response',
    async run({ closed }) {
      const answer = await closed.send({ target: '/bad-field' });
      expect([answer.body, answer.all('set-cookie')]).toEqual(['invalid_option', ['sid=1; Path=/']]);
    },
  },
  {
    id: 'response.cors',
    title: `keeps the CORS fields on refusals, so that a page may read the challenge ${requirement('A7')}`,
    async run({ closed }) {
      for (const [target, status] of [
        ['/me', 401],
        ['/undeclared', 403],
        ['/outage', 503],
      ] as const) {
        const answer = await closed.send({ target });
        expect(answer.status).toBe(status);
        for (const [name, value] of corsFields) expect(answer.all(name)).toEqual([value]);
      }
    },
  },
  {
    id: 'request.facts',
    title: `shows method, address and every field line as received ${requirement('A3')}`,
    async run({ closed }) {
      const lines = ['DPoP: one', 'dpop: two'];
      const answer = await closed.send({ target: '/facts?a=1&b=%20', lines });
      expect(JSON.parse(answer.body)).toEqual(['GET', '/facts?a=1&b=%20', '127.0.0.1', 2, 0]);
    },
  },
  {
    id: 'request.forwarded',
    title: `ignores X-Forwarded-For, Forwarded and X-Real-IP unless a proxy is configured ${requirement('A5')}`,
    async run({ closed }) {
      const lines = ['X-Forwarded-For: 203.0.113.9', 'Forwarded: for=203.0.113.9', 'X-Real-IP: 203.0.113.9'];
      const answer = await closed.send({ target: '/facts', lines });
      expect(JSON.parse(answer.body)[2]).toBe('127.0.0.1');
    },
  },
  {
    id: 'request.proxied',
    title: `takes the address that the configured proxy saw, never one that the client wrote ${requirement('A5')}`,
    async run({ bare }) {
      const ip = async (...lines: string[]): Promise<unknown> =>
        JSON.parse((await bare.send({ target: '/facts', lines })).body)[2];
      expect(await ip('X-Forwarded-For: 10.6.6.6, 203.0.113.9')).toBe('203.0.113.9');
      expect(await ip('X-Forwarded-For: 10.6.6.6', 'x-forwarded-for: 203.0.113.9')).toBe('203.0.113.9');
      expect(await ip('X-Forwarded-For: [2001:db8::1]:4711')).toBe('2001:db8::1');
      expect(await ip('X-Forwarded-For: unknown')).toBe(null);
      expect(await ip()).toBe('127.0.0.1');
    },
  },
];
