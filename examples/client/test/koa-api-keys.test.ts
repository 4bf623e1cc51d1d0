import { describe } from 'vitest';
import { contract } from './support/contract.js';
import { useExample } from './support/harness.js';
import { sharesFiles } from './support/shares-files.js';

describe('examples/koa-api-keys', () => {
  sharesFiles('koa-api-keys', ['auth', 'data', 'input', 'main']);
  contract(useExample('koa-api-keys'));
});
