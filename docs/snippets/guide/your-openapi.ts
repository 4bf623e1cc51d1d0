import { expect, it } from 'vitest';
import { findings } from './openapi.js';

it('documents every route, and nothing else', () => {
  expect(findings).toEqual([]);
});
