import { inspect, format } from 'node:util';
import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/runtime/secret.js';

const canary = 'canary-4Zk9';

describe('Secret', () => {
  it(`prints [redacted] wherever it lands, until it is revealed ${requirement('C26')}`, () => {
    const secret = new Secret(canary);
    const prints = [
      String(secret),
      ['', secret].join(),
      String.raw({ raw: ['', ''] }, secret),
      JSON.stringify({ secret }),
      inspect(secret, { showHidden: true, depth: 5 }),
      inspect({ deep: [secret] }, { depth: 5 }),
      format('%s %j %o %O', secret, secret, secret, secret),
      JSON.stringify(Object.entries(secret)),
      JSON.stringify(structuredClone(secret)),
      String(new Error('failed with '.concat(String(secret)))),
    ];
    for (const text of prints) expect(text).not.toContain(canary);
    expect(prints.slice(0, 3)).toEqual(['[redacted]', ',[redacted]', '[redacted]']);
    expect(prints[3]).toBe('{"secret":"[redacted]"}');
    expect(inspect(secret)).toBe('[redacted]');
    expect(secret.reveal()).toBe(canary);
  });
});
