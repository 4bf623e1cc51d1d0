import { duplicateCookie, readCookie } from '@portcullis/core/cookies';
import type { Session } from '@portcullis/session';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import type { Accounts } from '../accounts.js';
import type { Auth } from '../auth.js';
import type { Site } from '../config.js';
import type { Credentials } from '../credentials.js';
import type { Federation } from '../federation.js';
import { parse, readText } from '../input.js';
import type { Posts } from '../posts.js';
import { ApiProblem } from '../problems.js';
import type { SecondFactor } from '../second-factor.js';
import type { SessionData } from '../session-data.js';
import type { Account, Users } from '../users.js';
import { layout, type Page, type Viewer } from './layout.js';

/** What the pages are made of. */
export interface WebParts {
  readonly auth: Auth;
  readonly users: Users;
  readonly posts: Posts;
  readonly credentials: Credentials;
  readonly accounts: Accounts;
  readonly secondFactor: SecondFactor;
  /** `undefined` where no provider is configured. */
  readonly federation: Federation | undefined;
  readonly site: Site;
}

/** Pages are for sessions: a key that is sent to one opens nothing. */
export const bySession = { schemes: ['session'] } as const;

/** The cookie by which a browser is known that has signed in before. */
export const deviceCookie = '__Host-device';

/** What a redirect may announce. In the URL is the name only, never a text that a link could put there. */
const notices: Readonly<Record<string, string>> = {
  'sign-in': 'Sign in to go on.',
  'signed-out': 'You are signed out.',
  welcome: 'Welcome. Your account is ready.',
  'post-created': 'Your post is published.',
  'post-deleted': 'The post is deleted.',
  'session-ended': 'The session has ended.',
  'others-ended': 'All other sessions have ended.',
  'key-revoked': 'The key is revoked.',
  'password-changed': 'Your password is changed. Your other sessions have ended.',
  'factor-off': 'The second factor is off.',
  'user-disabled': 'The user is disabled: sessions, keys and tokens are dead.',
  'user-enabled': 'The user may sign in again.',
  'user-refused': 'This user was disabled.',
  'identity-linked': 'Linked. From now on you can sign in with it.',
  'identity-unlinked': 'Unlinked. It opens nothing here any more.',
  'identity-last': 'This is the only way in that you have. Add another before you unlink it.',
  'identity-taken': 'That account is already linked to somebody else here.',
  'sign-in-denied': 'You were not signed in: the provider was told no.',
  'sign-in-unknown': 'That sign-in took too long, or was finished already. Begin again.',
  'sign-in-cross-site': 'That sign-in was begun in another browser. Begin again.',
  'provider-unavailable': 'The provider does not answer. Try again in a while.',
  'provider-misbehaved': 'The provider gave an answer that cannot be trusted. Nothing was changed.',
  'provider-refused': 'The provider refused. Try again, or sign in another way.',
};

const notice = (c: Context): string | undefined => notices[c.req.query('notice') ?? ''];

/** Someone who is signed in, looking at a page. */
export interface SignedIn {
  readonly user: Account;
  readonly session: Session<SessionData>;
  readonly viewer: Viewer;
}

export function createViews({ auth: { g, sessions }, users }: Pick<WebParts, 'auth' | 'users'>) {
  return {
    async signedIn(c: Context): Promise<SignedIn> {
      const auth = g.auth(c);
      const session = await sessions.read(g.exchange(c).request);
      const user = users.find(auth.principal.id);
      // Ended between the guard and here.
      if (session === undefined || user === undefined) throw new ApiProblem('form_expired');
      const viewer = { name: user.name, seesUsers: auth.can('users:read'), csrf: sessions.csrfToken(session) };
      return { user, session, viewer };
    },

    /** The fields of a form that one of our own pages was sent with: its token belongs to this browser's session. */
    async readForm<S extends z.ZodType>(c: Context, schema: S): Promise<z.output<S>> {
      if (!c.req.header('content-type')?.startsWith('application/x-www-form-urlencoded'))
        throw new ApiProblem('unsupported_body', 'Send the body as application/x-www-form-urlencoded.');
      const { csrf, ...fields } = fieldsOf(new URLSearchParams(await readText(c.req.raw)));
      const session = await sessions.read(g.exchange(c).request);
      const belongs = session !== undefined && typeof csrf === 'string' && sessions.verifyCsrfToken(session, csrf);
      if (!belongs) throw new ApiProblem('form_expired');
      return parse(schema, fields);
    },

    show(c: Context, page: Page, status: ContentfulStatusCode = 200): Response | Promise<Response> {
      return c.html(layout({ path: c.req.path, notice: notice(c), ...page }), status);
    },

    client(c: Context) {
      const { request } = g.exchange(c);
      const device = readCookie(request.headerValues('cookie'), deviceCookie);
      return { address: request.ip, device: device === duplicateCookie ? undefined : device };
    },
  };
}

/** Fields whose name ends in [] may come several times; of the others the last counts. */
function fieldsOf(parameters: URLSearchParams): Record<string, string | string[]> {
  const fields = new Map<string, string | string[]>();
  for (const [name, value] of parameters) {
    if (name.endsWith('[]')) fields.set(name.slice(0, -2), parameters.getAll(name));
    else fields.set(name, value);
  }
  return Object.fromEntries(fields);
}

/** A form with nothing but its token. */
export const NoFields = z.object({});
