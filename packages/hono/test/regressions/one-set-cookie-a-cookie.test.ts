import { requirement } from '@portcullis-internal/testkit';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { honoGuard } from '../../src/index.js';
import { createTestGuard } from '../test-guard.js';

describe('honoGuard', () => {
  it(`sends a cookie once, as it was set last, on web runtimes ${requirement('S15')}`, async () => {
    const g = honoGuard(createTestGuard().guard);
    const app = new Hono().get('/', g.open(), (c) => {
      const { response } = g.exchange(c);
      response.append('set-cookie', '__Host-sid=renewed; Path=/; Secure');
      response.append('set-cookie', 'other=1; Path=/');
      response.append('set-cookie', '__Host-sid=; Path=/; Secure; Max-Age=0');
      return c.text('bye');
    });
    expect((await app.request('/')).headers.getSetCookie()).toEqual([
      'other=1; Path=/',
      '__Host-sid=; Path=/; Secure; Max-Age=0',
    ]);
  });
});
