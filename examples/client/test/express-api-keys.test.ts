import { describe } from 'vitest';
import { contract } from './support/contract.js';
import { useExample } from './support/harness.js';

describe('examples/express-api-keys', () => {
  contract(useExample('express-api-keys'));
});
