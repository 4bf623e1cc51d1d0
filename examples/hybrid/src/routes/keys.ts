import type { ApiKey } from '@portcullis/api-key';
import { Hono } from 'hono';
import { z } from 'zod';
import type { Auth } from '../auth.js';
import { readBody, readQuery, text } from '../input.js';
import { issueKey } from '../issue-key.js';
import { policy } from '../policy.js';
import type { Users } from '../users.js';

const day = 86_400_000;

const Page = z.object({
  owner: text(100).optional(),
  cursor: z.string().max(1000).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});

export const NewKey = z.strictObject({
  name: text(100),
  scopes: z.array(z.enum([...policy.permissions])).optional(),
  expiresInDays: z.number().positive().max(3650).optional(),
  rateLimit: z
    .strictObject({
      limit: z.number().int().min(1).max(1_000_000),
      windowMs: z.number().int().min(1).max(day),
      burst: z.number().int().min(1).max(1_000_000).optional(),
    })
    .optional(),
});

export const Rotation = z.strictObject({ graceSeconds: z.number().int().min(0).max(7_776_000).default(0) });

/** Users manage their own keys. Administrators see and revoke everybody's, and get the plaintext of their own only. */
export function keyRoutes({ g, keys }: Auth, users: Users) {
  const key = g.byParam('id', (id) => keys.get(id));
  // Another's key answers 404, so that ids cannot be tried out.
  const conceal = true;

  return new Hono()
    .get('/', g.require('keys:read'), async (c) => {
      const { auth } = c.var;
      const { owner = auth.principal.id, cursor, limit } = readQuery(c, Page);
      if (owner !== auth.principal.id) auth.demand('keys:read-any');
      const page = await keys.list({ owner, cursor, limit });
      return c.json({ keys: page.items.map(inPublic), cursor: page.cursor });
    })

    .post('/', g.require('keys:create'), async (c) => {
      const { expiresInDays, ...input } = await readBody(c, NewKey);
      const expiresAt = expiresInDays === undefined ? undefined : Date.now() + Math.ceil(expiresInDays * day);
      const { response } = g.exchange(c);
      const issued = await issueKey({ keys, users }, { auth: c.var.auth, input: { ...input, expiresAt }, response });
      return c.json({ key: issued.key.reveal(), ...inPublic(issued.record) }, 201);
    })

    .post('/:id/rotate', g.require('keys:rotate', key, { conceal }), async (c) => {
      const { graceSeconds } = await readBody(c, Rotation);
      const { id, owner } = c.var.resource;
      const { response } = g.exchange(c);
      const issued = await keys.rotate(id, { owner, graceMs: graceSeconds * 1000, response });
      return c.json({ key: issued.key.reveal(), ...inPublic(issued.record) });
    })

    .delete('/:id', g.require('keys:revoke', key, { conceal }), async (c) => {
      await keys.revoke(c.var.resource.id, { reason: `revoked by ${c.var.auth.principal.id}` });
      return c.body(null, 204);
    });
}

/** What is shown of a key: nothing here lets anyone in. */
function inPublic(key: ApiKey) {
  const { id, owner, name, scopes, rateLimit, createdAt, expiresAt, rotatedAt, graceExpiresAt, lastUsedAt } = key;
  const { revokedAt, revokedReason } = key;
  const times = { createdAt, expiresAt, rotatedAt, graceExpiresAt, lastUsedAt, revokedAt };
  return { id, owner, name, scopes, rateLimit, ...times, revokedReason };
}
