import { createRevocationHandler, createTokenHandler, publicClients } from '@portcullis/jwt';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { Auth } from '../auth.js';
import type { Credentials } from '../credentials.js';
import { email, readBody, secretText } from '../input.js';
import { permissionsOfRole } from '../policy.js';
import { answerOf, ApiProblem } from '../problems.js';

export const Login = z.strictObject({ email, password: secretText(1000), code: secretText(100).optional() });
export const Refresh = z.strictObject({ refresh_token: secretText(8192) });
export const Revocation = z.strictObject({ token: secretText(8192) });

/** The one application that these tokens are for. It runs at the user's and can keep no secret. */
const clientId = 'app';

// A token must not lie in a cache.
const noStore = { 'cache-control': 'no-store', pragma: 'no-cache' };

const isForm = (c: Context): boolean =>
  c.req.header('content-type')?.toLowerCase().startsWith('application/x-www-form-urlencoded') ?? false;

/** Login, refresh and revocation in JSON, and the last two as OAuth forms (RFC 6749, RFC 7009) for libraries. */
export function tokenRoutes({ g, guard, tokens }: Auth, credentials: Credentials) {
  const authenticateClient = publicClients(clientId);
  const refreshForm = createTokenHandler({ tokens, authenticateClient });
  const revokeForm = createRevocationHandler({ tokens, authenticateClient });

  return new Hono()
    .post('/', g.open(), async (c) => {
      const { email: address, password, code } = await readBody(c, Login);
      const client = { address: g.exchange(c).request.ip };
      const check = await credentials.checkPassword(address, password, client);
      if (check.outcome === 'refused') return answerOf(guard.refuse(check.denial));
      if (check.outcome === 'wrong') throw new ApiProblem('invalid_credentials');
      const { user, startedAt } = check;
      if (user.totpSealed !== null && code === undefined) throw new ApiProblem('second_factor_required');
      if (!(await credentials.checkCode(user, code ?? ''))) throw new ApiProblem('invalid_credentials');
      await credentials.succeeded(user, client);
      const issued = await tokens.issue({
        subject: user.id,
        clientId,
        scope: permissionsOfRole(user.role),
        authenticatedAt: Date.now(),
        startedAt,
        amr: user.totpSealed === null ? ['pwd'] : ['pwd', 'otp', 'mfa'],
      });
      return c.json(issued.reveal(), 200, noStore);
    })

    .post('/refresh', g.open(), async (c) => {
      if (isForm(c)) return refreshForm(c.req.raw);
      const { refresh_token: token } = await readBody(c, Refresh);
      const result = await tokens.refresh(token, { clientId });
      if (!result.ok) throw new ApiProblem('invalid_grant');
      return c.json(result.tokens.reveal(), 200, noStore);
    })

    .post('/revoke', g.open(), async (c) => {
      if (isForm(c)) return revokeForm(c.req.raw);
      const { token } = await readBody(c, Revocation);
      await tokens.revoke(token, { clientId });
      return c.body(null, 200, noStore);
    });
}
