import { createApiKeys } from '@portcullis/api-key';
import { createGuard, createPolicy, type Principal, type Storage } from '@portcullis/core';
import { honoGuard } from '@portcullis/hono';
import { createSessions } from '@portcullis/session';
import { Hono } from 'hono';

export interface Invoice {
  readonly id: string;
  readonly tenant: string;
}

export type Role = 'member' | 'owner' | 'operator';

/** Your own table: what a user is in each organisation. */
export interface Memberships {
  rolesOf(user: string, tenant: string | undefined): readonly Role[];
}

interface Member extends Principal {
  readonly kind: 'user';
}

// #region policy
const policy = createPolicy({
  permissions: ['invoices:read', 'invoices:delete', 'rates:read', 'team:invite'],
  roles: {
    member: ['invoices:read', 'rates:read'],
    owner: ['member', 'invoices:delete', 'team:invite'],
    operator: ['invoices:read'], // our own support
  },
  tenantOf: (resource) => resource['tenant'],
  shared: ['rates:read'], // exchange rates belong to nobody
  dangerouslyAllowAcrossTenants: ['operator'],
});
// #endregion policy

export function createApp(storage: Storage, memberships: Memberships, invoices: ReadonlyMap<string, Invoice>) {
  // #region guard
  const sessions = createSessions({
    storage,
    csrf: { origins: ['https://app.example.com'] },
    // The organisation that this browser works in. Empty: none was chosen yet.
    initialData: () => ({ tenant: '' }),
  });
  const keys = createApiKeys({ storage, brand: 'acme', defaultScopes: 'unlimited' });
  const guard = createGuard({
    authenticators: [
      keys.authenticator({
        principal: ({ owner, tenant = 'none' }): Member => ({ kind: 'user', id: owner, tenant }),
      }),
      sessions.authenticator({
        principal: ({ user, data }): Member => ({ kind: 'user', id: user, tenant: data.tenant || undefined }),
      }),
    ],
    policy,
    // Roles in this organisation, asked for each request: who was removed from it has none there, at once.
    roles: ({ id, tenant }) => memberships.rolesOf(id, tenant),
  });
  // #endregion guard

  const g = honoGuard(guard);
  const app = new Hono();
  app.use(g.closed());
  app.post('/sign-in/:user', g.open(), async (c) => {
    await sessions.signIn(g.exchange(c), { user: c.req.param('user') });
    return c.body(null, 204);
  });
  // #region switch
  app.post('/organisation/:tenant', g.authenticated({ schemes: ['session'] }), async (c) => {
    const tenant = c.req.param('tenant');
    // The path is the caller's wish. Your table says whether it may come true.
    if (memberships.rolesOf(c.var.auth.principal.id, tenant).length === 0) return c.body(null, 404);
    await sessions.renew(g.exchange(c), () => ({ tenant })); // a new cookie, because its rights change
    return c.body(null, 204);
  });
  // #endregion switch
  // #region routes
  const theInvoice = g.byParam('id', (id) => invoices.get(id));
  app.get('/invoices/:id', g.require('invoices:read', theInvoice, { conceal: true }), (c) => c.json(c.var.resource));
  app.get('/invoices', g.require('invoices:read'), (c) => {
    const { tenant } = c.var.auth.principal;
    return c.json([...invoices.values()].filter((invoice) => invoice.tenant === tenant)); // the query names the tenant
  });
  // #endregion routes
  app.get(
    '/rates',
    g.require('rates:read', () => ({ eur: 1 })),
    (c) => c.json(c.var.resource),
  );
  app.onError(g.errors());
  return { app, keys };
}
