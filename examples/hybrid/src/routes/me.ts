import { Hono } from 'hono';
import type { Auth } from '../auth.js';
import { permissionsOf } from '../policy.js';

export function meRoutes({ g }: Auth) {
  return new Hono().get('/', g.authenticated(), (c) => {
    const { auth } = c.var;
    return c.json({ principal: auth.principal, credential: auth.credential, permissions: permissionsOf(auth) });
  });
}
