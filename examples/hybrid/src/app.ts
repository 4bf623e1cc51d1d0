import { createJwksHandler } from '@portcullis/jwt';
import { Hono } from 'hono';
import { describeApi } from './api-document.js';
import { answerOf, ApiProblem } from './problems.js';
import { auditRoutes } from './routes/audit.js';
import { keyRoutes } from './routes/keys.js';
import { meRoutes } from './routes/me.js';
import { postRoutes } from './routes/posts.js';
import { tokenRoutes } from './routes/tokens.js';
import { htmlAnswers } from './web/html-answers.js';
import type { WebParts } from './web/views.js';
import { webRoutes } from './web/web-routes.js';

/** Puts the service together. Throws when a route states no requirement: such a service does not start. */
export function createApp(parts: WebParts): Hono {
  const { auth, users, posts, credentials } = parts;
  const { g, guard } = auth;
  const app = new Hono();
  app.use(htmlAnswers);
  app.use(g.closed());

  app.get('/health', g.open(), (c) => c.json({ status: 'ok' }));
  const jwks = createJwksHandler(auth.tokens.keys);
  app.get('/.well-known/jwks.json', g.open(), (c) => jwks(c.req.raw));
  app.route('/api/tokens', tokenRoutes(auth, credentials));
  app.route('/api/me', meRoutes(auth));
  app.route('/api/posts', postRoutes(auth, posts));
  app.route('/api/keys', keyRoutes(auth, users));
  app.route('/api', auditRoutes(auth, app));

  app.route('/', webRoutes(parts));

  app.notFound((c) => {
    const allowed = methodsOf(app, c.req.path);
    if (allowed.length === 0) throw new ApiProblem('not_found');
    c.header('allow', allowed.join(', '));
    throw new ApiProblem('method_not_allowed');
  });
  app.onError(
    g.errors((error) => {
      console.error(error);
      return answerOf(guard.refuse({ code: 'internal_error', status: 500 }));
    }),
  );
  // It answers nothing by itself: it words anew what was refused.
  g.assertClosed(app, { acknowledge: [htmlAnswers.name] });
  describeApi(auth, g.audit(app));
  return app;
}

/** The methods by which a path can be asked for. */
function methodsOf(app: Hono, path: string): string[] {
  return ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((method) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method === method),
  );
}
