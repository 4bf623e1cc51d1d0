import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { drawSequence } from '../.vitepress/sequence.js';
import { outcomes, questions } from '../.vitepress/theme/choices.js';
import { decodeJwt } from '../.vitepress/theme/decode-jwt.js';

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const token = (header: unknown, payload: unknown, signature = 'AAAA'): string =>
  `${encode(header)}.${encode(payload)}.${signature}`;

describe('decodeJwt', () => {
  it('shows header and payload as they are, and what the times mean', () => {
    const { header, payload, signatureBytes, remarks } = decodeJwt(
      `Bearer ${token({ alg: 'ES256' }, { sub: 'Zoë', exp: 60 })}`,
      60_000,
    );
    expect([JSON.parse(header), JSON.parse(payload), signatureBytes]).toEqual([
      { alg: 'ES256' },
      { sub: 'Zoë', exp: 60 },
      3,
    ]);
    expect(remarks).toEqual(['exp: good until 1970-01-01T00:01:00.000Z', 'It has expired.']);
  });

  it('warns of a token that nobody signed, of one without end, and of one that brings its key', () => {
    expect(decodeJwt(token({ alg: 'NonE' }, { exp: 1 }, ''), 0).remarks[0]).toContain('nobody signed');
    expect(decodeJwt(token({ alg: 'ES256', jku: 'https://evil.example' }, {}), 0).remarks).toEqual([
      expect.stringContaining('No exp'),
      expect.stringContaining('jku'),
    ]);
  });

  it.each([
    ['', 'three parts'],
    ['a.b', 'This has 2'],
    ['a.b.c.d.e', 'encrypted'],
    ['@.e30.', 'header is not base64url'],
    [`${encode([])}.e30.`, 'header is not a JSON object'],
    ['e30.bm8.', 'payload is not JSON'],
  ])('says what is wrong with %j', (text, said) => {
    expect(() => decodeJwt(text, 0)).toThrow(said);
  });

  it('sends nothing and keeps nothing', () => {
    for (const file of ['decode-jwt.ts', 'JwtDecoder.vue']) {
      const code = readFileSync(new URL(`../.vitepress/theme/${file}`, import.meta.url), 'utf8');
      expect(code).not.toMatch(/fetch|XMLHttp|sendBeacon|WebSocket|EventSource|[lL]ocation|[sS]torage|history|v-html/);
    }
  });
});

describe('the choice of a credential', () => {
  const page = readFileSync(new URL('../learn/choose.md', import.meta.url), 'utf8');
  const answers = Object.values(questions).flatMap((question) => question.answers);

  it('ends in an outcome whichever way, each with its code on the page', () => {
    for (const { next, outcome } of answers) {
      expect((next === undefined) !== (outcome === undefined)).toBe(true);
      if (next !== undefined) expect(questions[next]).toBeDefined();
      if (outcome !== undefined) expect(page).toContain(`<template #${outcome}>`);
    }
    expect(new Set(answers.flatMap(({ outcome }) => outcome ?? []))).toEqual(new Set(Object.keys(outcomes)));
  });

  it('has a row of the table for each way, with the same outcome', () => {
    const rows = page
      .slice(page.indexOf('## The same as a table'))
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .slice(2);
    const ways = answers.flatMap(({ outcome }) => (outcome === undefined ? [] : [outcomes[outcome].title]));
    const told = rows.map((row) => /\[([^\]]+)\]/.exec(row)?.[1] ?? '');
    expect([...told].sort()).toEqual([...ways].sort());
  });
});

describe('drawSequence', () => {
  it('draws every message, and escapes what it is given', () => {
    const svg = drawSequence(
      'sequenceDiagram\nparticipant A as <b>\nparticipant B as Server\nA->>B: "hi" & bye\nB-xA: no\n',
    );
    expect(svg).toContain('&lt;b&gt;');
    expect(svg).toContain('&quot;hi&quot; &amp; bye');
    expect(svg).toContain('refused');
    expect(svg).not.toContain('<b>');
  });

  it('refuses what it cannot read, so that no line is lost', () => {
    expect(() => drawSequence('graph TD\nA-->B')).toThrow('sequenceDiagram');
    expect(() => drawSequence('sequenceDiagram\nparticipant A as A\nA->>C: hi')).toThrow('no participant is called C');
    expect(() => drawSequence('sequenceDiagram\nloop forever')).toThrow('cannot read');
  });
});
