import type { Context, MiddlewareHandler } from 'hono';
import { html } from 'hono/html';
import { layout } from './layout.js';

const headers: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // Not no-referrer: browsers that send no Origin prove by it that a form is ours.
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  // The back button shows nothing after a sign-out.
  'cache-control': 'no-store',
};

interface Problem {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail?: string;
}

const isApi = (path: string): boolean => /^\/(?:api|\.well-known)(?:\/|$)/.test(path) || path === '/health';

/** Pages for people instead of the guard's problem documents, and the fields that every page has. The API keeps its own. */
export const htmlAnswers: MiddlewareHandler = async function htmlAnswers(c, next) {
  await next();
  if (isApi(c.req.path)) return;
  const isProblem = c.res.headers.get('content-type')?.startsWith('application/problem+json') ?? false;
  if (isProblem) {
    if (c.req.header('accept')?.includes('text/html')) await explain(c);
    c.header('vary', 'Accept', { append: true });
  }
  const type = c.res.headers.get('content-type');
  if (type === null || type.startsWith('text/html')) {
    for (const [name, value] of Object.entries(headers)) c.header(name, value);
  }
};

async function explain(c: Context): Promise<void> {
  const problem = (await c.res.clone().json()) as Problem;
  const { status, code, title, detail } = problem;
  const where = wayOut(c, code, status);
  if (where === undefined) {
    const body = html`<p>${detail ?? title}</p>
      <p><a href="/">To the first page</a></p>`;
    replace(
      c,
      new Response(String(await layout({ title, body })), {
        status,
        headers: { 'content-type': 'text/html; charset=UTF-8' },
      }),
    );
  } else {
    replace(c, new Response(null, { status: 303, headers: { location: where } }));
  }
}

/** Where to go to be let in. Who was about to change something finds it undone, and does it again. */
function wayOut(c: Context, code: string, status: number): string | undefined {
  if (status !== 401) return undefined;
  const { pathname, search } = new URL(c.req.url);
  const isRead = c.req.method === 'GET' || c.req.method === 'HEAD';
  const returnTo = encodeURIComponent(
    isRead ? pathname + search : code === 'insufficient_user_authentication' ? '/account' : '/posts',
  );
  return code === 'insufficient_user_authentication'
    ? `/confirm?returnTo=${returnTo}`
    : `/sign-in?returnTo=${returnTo}&notice=sign-in`;
}

/** Hono adds the fields of the response that was there to the one that is set. */
function replace(c: Context, response: Response): void {
  const kept = c.res.headers.get('www-authenticate');
  const retry = c.res.headers.get('retry-after');
  c.res = undefined;
  c.res = response;
  if (kept !== null && response.status !== 303) c.header('www-authenticate', kept);
  if (retry !== null) c.header('retry-after', retry);
}
