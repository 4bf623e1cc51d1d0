// The program whose compile cost type-cost measures: an API with many permissions, roles and routes, with a guard on
// each route or, to compare, without any guard.
const count = (n, make) => Array.from({ length: n }, (_, i) => make(i));

const frameworks = {
  express: {
    app: `import express from 'express'\nconst app = express()`,
    guard: `import { expressGuard } from '@portcullis/express'\nconst g = expressGuard(guard)`,
    route: (path, guard, read) =>
      `app.get(${path}, ${guard}(req, res) => { res.json([req.params.id${read('res.locals')}]) })`,
  },
  koa: {
    app: `import Router from '@koa/router'\nconst app = new Router()`,
    guard: `import { koaGuard } from '@portcullis/koa'\nconst g = koaGuard(guard)`,
    route: (path, guard, read) =>
      `app.get(${path}, ${guard}(ctx) => { ctx.body = [ctx.params['id']${read('ctx.state')}] })`,
  },
  hono: {
    app: `import { Hono } from 'hono'\nconst app = new Hono()`,
    guard: `import { honoGuard } from '@portcullis/hono'\nconst g = honoGuard(guard)`,
    route: (path, guard, read) => `app.get(${path}, ${guard}(c) => c.json([c.req.param('id')${read('c.var')}]))`,
  },
  // Guards carry no types here; what they found is read by a call.
  fastify: {
    app: `import fastify from 'fastify'\nconst app = fastify()`,
    guard: `import { fastifyGuard } from '@portcullis/fastify'\nconst g = fastifyGuard(guard)`,
    route: (path, guard, read, permission) =>
      `app.get<{ Params: { id: string } }>(${path}, ${guard ? `{ onRequest: ${guard.replace(/, $/, '')} }, ` : ''}(request) => [request.params.id${read(
        'found',
      )
        .replace('found.auth', 'g.auth(request)')
        .replace('found.resource', `g.resource(request, ${permission})`)}])`,
  },
  // A guard is a function around the handler; without one there is the handler alone.
  web: {
    app: `const rows: Record<string, (request: Request) => Response | Promise<Response>> = {}`,
    guard: `import { webGuard } from '@portcullis/web'\nconst g = webGuard(guard)`,
    route: (path, guard, read) =>
      guard
        ? `rows[${path}] = ${guard.replace(/, $/, '')}((c) => Response.json([c.params['id']${read('c')}]))`
        : `rows[${path}] = (request) => Response.json([request.url])`,
  },
};

export function unguardedProgram(framework, { routes }) {
  const { app, route } = frameworks[framework];
  return [app, ...count(routes, (i) => route(`'/r${i}/:id'`, '', () => ''))].join('\n');
}

/** Every fourth permission has a rule, so every fourth route loads its resource. */
export function guardedProgram(framework, { permissions, roles, routes }) {
  const { app, guard, route } = frameworks[framework];
  const names = count(permissions, (i) => `'area${i % 10}:action${i}'`);
  const hasRule = (i) => i % 4 === 3;
  const rules = names
    .filter((_, i) => hasRule(i))
    .map((name) => `${name}: rule<Post>(({ auth, resource }) => resource.authorId === auth.principal.id)`);
  const roleOf = (role) => names.filter((_, i) => i % roles === role).join(', ');
  return `import { createGuard, createMemoryStorage, createPolicy } from '@portcullis/core'
import { createApiKeys } from '@portcullis/api-key'
interface Post { readonly id: string; readonly authorId: string }
const find = async (id: string): Promise<Post | undefined> => ({ id, authorId: 'ada' })
const policy = createPolicy({
  permissions: [${names.join(', ')}],
  roles: { ${count(roles, (i) => `role${i}: [${roleOf(i)}]`).join(', ')} },
  rules: (rule) => ({ ${rules.join(', ')} }),
})
const keys = createApiKeys({ storage: createMemoryStorage(), brand: 'cost', defaultScopes: 'unlimited' })
const guard = createGuard({ authenticators: [keys.authenticator()], policy, roles: () => ['role0'] })
${app}
${guard}
${count(routes, (i) => {
  const at = i % permissions;
  return hasRule(at)
    ? route(
        `'/r${i}/:id'`,
        `g.require(${names[at]}, g.byParam('id', find)), `,
        (bag) => `, ${bag}.resource.authorId`,
        names[at],
      )
    : route(`'/r${i}/:id'`, `g.require(${names[at]}), `, (bag) => `, ${bag}.auth.principal.id`);
}).join('\n')}
`;
}
