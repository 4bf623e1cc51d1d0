import { createApiKeys } from '@portcullis/api-key';
import { createGuard, createPolicy, type Principal, type Storage } from '@portcullis/core';
import { honoGuard } from '@portcullis/hono';
import { createJwtVerifier, type JwtVerifierOptions } from '@portcullis/jwt';
import { Hono } from 'hono';

// #region policy
const policy = createPolicy({
  permissions: ['invoices:read', 'invoices:write'],
  roles: { reporting: ['invoices:read'], billing: ['invoices:*'] },
});

// What each program is here. One that is not in the table may do nothing, however good its token.
const programs = new Map<string, 'reporting' | 'billing'>([
  ['client:reports', 'reporting'],
  ['client:billing', 'billing'],
]);
// #endregion policy

export function createInvoices(tokensOf: JwtVerifierOptions, storage: Storage) {
  // #region guard
  const verifier = createJwtVerifier({
    ...tokensOf, // issuer, audience: 'https://invoices.example.com', algorithms, discovery: true
    principal: ({ principal: { kind, id } }): Principal => ({ kind, id }),
  });
  const keys = createApiKeys({ storage, brand: 'acme', defaultScopes: [] });
  const guard = createGuard({
    authenticators: [
      verifier.authenticator(),
      keys.authenticator({ principal: ({ owner }): Principal => ({ kind: 'client', id: `client:${owner}` }) }),
    ],
    policy,
    roles: ({ kind, id }) => {
      const role = kind === 'client' ? programs.get(id) : undefined;
      return role === undefined ? [] : [role];
    },
  });
  // #endregion guard

  const g = honoGuard(guard);
  const app = new Hono();
  app.use(g.closed());
  // #region routes
  app.get('/invoices', g.require('invoices:read'), (c) => c.json({ caller: c.var.auth.principal.id, invoices: [] }));
  app.post('/invoices', g.require('invoices:write'), (c) => c.json({ id: '1' }, 201));
  // #endregion routes
  app.onError(g.errors());
  return { app, keys, verifier };
}
