import { Hono } from 'hono';
import { describeApi } from '../api-document.js';
import type { Auth } from '../auth.js';

/** Every route with what it asks of its caller, as the running service knows it: for administrators, and for everyone's tools. */
export function auditRoutes(auth: Auth, app: Hono) {
  const { g } = auth;
  let document: object | undefined;
  return new Hono()
    .get('/routes', g.require('routes:read'), (c) => c.json({ routes: g.audit(app) }))
    .get('/openapi.json', g.open(), (c) => c.json((document ??= describeApi(auth, g.audit(app)))));
}
