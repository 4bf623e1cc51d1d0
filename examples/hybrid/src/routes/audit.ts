import { Hono } from 'hono';
import type { Auth } from '../auth.js';

/** Every route with what it asks of its caller, as the running service knows it. */
export function auditRoutes({ g }: Auth, app: Hono) {
  return new Hono().get('/', g.require('routes:read'), (c) => c.json({ routes: g.audit(app) }));
}
