import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { contract } from './support/contract.js';
import { useExample } from './support/harness.js';

describe('examples/koa-api-keys', () => {
  it.each(['auth', 'data', 'input', 'main'])('has the same src/%s.ts as the one for Express', (file) => {
    const [koa, express] = ['koa', 'express'].map((name) =>
      readFileSync(new URL(`../../${name}-api-keys/src/${file}.ts`, import.meta.url), 'utf8'),
    );
    expect(koa).toBe(express);
  });

  contract(useExample('koa-api-keys'));
});
