import type { ApiKey } from '@portcullis/api-key';
import type { Denial } from '@portcullis/core';
import { readLimited } from '@portcullis/core/fetch';
import { webGuard } from '@portcullis/web';
import { type Auth, isWithin, permissionsOf } from './auth.js';
import type { Posts } from './data.js';
import { ApiProblem, expiryOf, hasJson, KeyPage, NewKey, NewPost, parse, PostPage, Rotation } from './input.js';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The body, of 64 KiB at most and in JSON. `undefined` for none. */
async function bodyOf(request: Request): Promise<unknown> {
  if (!hasJson({ headers: Object.fromEntries(request.headers) })) return undefined;
  const bytes = await readLimited(request, 65_536);
  if (bytes === undefined) throw new ApiProblem(413, 'body_too_large', 'The body is larger than 64 KiB.');
  try {
    return JSON.parse(utf8.decode(bytes)) as unknown;
  } catch {
    throw new ApiProblem(400, 'malformed_body', 'The body is not JSON in UTF-8.');
  }
}

const queryOf = ({ url }: Request): object => Object.fromEntries(new URL(url).searchParams);
const nothing = (): Response => new Response(null, { status: 204 });

/** Puts the service together. Throws when a route states no requirement: such a service does not start. */
export function createApp({ guard, keys }: Auth, posts: Posts): (request: Request) => Promise<Response> {
  const g = webGuard(guard);
  const post = g.byParam('id', posts.find);
  const key = g.byParam('id', (id) => keys.get(id));

  function refuse(denial: Denial): Response {
    const { status, headers, body } = guard.refuse(denial);
    return new Response(body, { status, headers: headers.map(([name, value]): [string, string] => [name, value]) });
  }

  const routes = g.fetch(
    {
      'GET /health': g.open()(() => Response.json({ status: 'ok' })),

      'GET /api/me': g.authenticated()(({ auth }) =>
        Response.json({ principal: auth.principal, credential: auth.credential, permissions: permissionsOf(auth) }),
      ),

      'GET /api/posts': g.require('posts:read')(({ request }) => {
        const { cursor, limit } = parse(PostPage, queryOf(request));
        const found = posts.list({ before: cursor, limit });
        return Response.json({ posts: found, cursor: found.length === limit ? found.at(-1)?.id : undefined });
      }),

      'GET /api/posts/:id': g.require('posts:read', post)(({ resource }) => Response.json(resource)),

      // The body is read behind the guard: nobody's is before it is known who they are.
      'POST /api/posts': g.require('posts:create')(async ({ auth, request }) => {
        const { title, body } = parse(NewPost, await bodyOf(request));
        return Response.json(posts.create({ authorId: auth.principal.id, title, body }), { status: 201 });
      }),

      // The rule of posts:delete sees the post before this handler does.
      'DELETE /api/posts/:id': g.require(
        'posts:delete',
        post,
      )(({ resource }) => {
        posts.delete(resource.id);
        return nothing();
      }),

      'GET /api/keys': g.require('keys:read')(async ({ auth, request }) => {
        const page = await keys.list({ owner: auth.principal.id, ...parse(KeyPage, queryOf(request)) });
        return Response.json({ keys: page.items.map(inPublic), cursor: page.cursor });
      }),

      'POST /api/keys': g.require('keys:create')(async ({ auth, request }) => {
        const { principal, credential } = auth;
        const { name, scopes = credential.scopes, expiresInDays, rateLimit } = parse(NewKey, await bodyOf(request));
        if (!isWithin(credential.scopes, scopes)) {
          throw new ApiProblem(403, 'scope_exceeded', 'scopes: a key cannot make one that may do more than itself.');
        }
        const { response } = g.exchange(request);
        const settings = { owner: principal.id, name, scopes, expiresAt: expiryOf(expiresInDays), rateLimit };
        const issued = await keys.create(settings, { response });
        return Response.json({ key: issued.key.reveal(), ...inPublic(issued.record) }, { status: 201 });
      }),

      // Another's key answers 404, so that ids cannot be tried out.
      'POST /api/keys/:id/rotate': g.require('keys:rotate', key, { conceal: true })(async ({ request, resource }) => {
        const { graceSeconds } = parse(Rotation, await bodyOf(request));
        const { id, owner } = resource;
        const { response } = g.exchange(request);
        const issued = await keys.rotate(id, { owner, graceMs: graceSeconds * 1000, response });
        return Response.json({ key: issued.key.reveal(), ...inPublic(issued.record) });
      }),

      'DELETE /api/keys/:id': g.require('keys:revoke', key, { conceal: true })(async ({ auth, resource }) => {
        await keys.revoke(resource.id, { reason: `revoked by ${auth.principal.id}` });
        return nothing();
      }),

      'GET /api/routes': g.require('routes:read')(() => Response.json({ routes: g.audit(routes) })),
    },
    {
      fallback: function notFound() {
        return refuse({ code: 'not_found', status: 404, detail: 'There is nothing here.' });
      },
      onError(error) {
        console.error(error);
        return refuse({ code: 'internal_error', status: 500 });
      },
    },
  );
  g.assertClosed(routes, { acknowledge: ['notFound'] });

  return async (request) => {
    const response = await routes(request);
    if (response.status !== 405) return response;
    // The table's own answer, in the words of the others.
    const allow = response.headers.get('allow') ?? '';
    return refuse({ code: 'method_not_allowed', status: 405, headers: [['allow', allow]] });
  };
}

/** What is shown of a key: nothing here lets anyone in. */
function inPublic(key: ApiKey) {
  const { id, owner, name, scopes, rateLimit, createdAt, expiresAt, rotatedAt, graceExpiresAt, lastUsedAt } = key;
  const { revokedAt, revokedReason } = key;
  const times = { createdAt, expiresAt, rotatedAt, graceExpiresAt, lastUsedAt, revokedAt };
  return { id, owner, name, scopes, rateLimit, ...times, revokedReason };
}
