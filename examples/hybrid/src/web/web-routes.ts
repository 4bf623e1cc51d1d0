import { readFileSync } from 'node:fs';
import { Hono } from 'hono';
import { accountPages } from './account.js';
import { confirmPages } from './confirm.js';
import { federationPages } from './federation.js';
import { keyPages } from './keys.js';
import { postPages } from './posts.js';
import { secondFactorPages } from './second-factor.js';
import { sessionPages } from './sessions.js';
import { signInPages } from './sign-in.js';
import { signUpPages } from './sign-up.js';
import { userPages } from './users.js';
import type { WebParts } from './views.js';

/** All pages. Their guards ask the policy that the API's ask. */
export function webRoutes(parts: WebParts) {
  const { g } = parts.auth;
  const style = readFileSync(new URL('./style.css', import.meta.url), 'utf8');
  const styleFields = { 'content-type': 'text/css; charset=UTF-8', 'cache-control': 'max-age=300' };
  const app = new Hono()
    .get('/', g.open(), (c) => c.redirect('/posts', 303))
    .get('/style.css', g.open(), (c) => c.body(style, 200, styleFields));
  for (const pages of [
    signInPages,
    signUpPages,
    postPages,
    sessionPages,
    keyPages,
    accountPages,
    secondFactorPages,
    confirmPages,
    userPages,
  ]) {
    app.route('/', pages(parts));
  }
  if (parts.federation !== undefined) app.route('/', federationPages(parts, parts.federation));
  return app;
}
