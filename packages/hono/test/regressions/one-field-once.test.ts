import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { honoGuard } from '../../src/index.js';
import { createTestGuard } from '../test-guard.js';

it('says once what a handler and a feature both say, on web runtimes', async () => {
  const g = honoGuard(createTestGuard().guard);
  const app = new Hono().get('/', g.open(), (c) => {
    g.exchange(c).response.append('cache-control', 'no-store');
    g.exchange(c).response.append('vary', 'Origin');
    return c.text('hi', 200, { 'cache-control': 'no-store', vary: 'Accept' });
  });
  const { headers } = await app.request('/');
  expect([headers.get('cache-control'), headers.get('vary')]).toEqual(['no-store', 'Accept, Origin']);
});
