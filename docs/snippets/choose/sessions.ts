import { createGuard, createMemoryStorage, createPolicy } from '@portcullis/core';
import { expressGuard } from '@portcullis/express';
import { createPasswords } from '@portcullis/password';
import { createSessions } from '@portcullis/session';
import express from 'express';

const passwords = createPasswords();
// Your own table of users.
const users = new Map([['ada@example.org', { id: 'ada', hash: await passwords.hash('correct horse battery staple') }]]);

const sessions = createSessions({ storage: createMemoryStorage(), csrf: { origins: ['http://localhost:3000'] } });
const policy = createPolicy({ permissions: ['posts:read'], roles: { reader: ['posts:read'] } });
const g = expressGuard(createGuard({ authenticators: [sessions.authenticator()], policy, roles: () => ['reader'] }));

export const app = express();
app.use(g.closed());
app.post('/sign-in', g.open(), express.urlencoded({ extended: false }), async (req, res) => {
  const { email, password } = req.body as Partial<Record<string, unknown>>;
  const user = users.get(String(email));
  // Asked for an unknown user too, so that the time it takes tells nobody who is a user.
  const { verified } = await passwords.verify(String(password), user?.hash);
  if (!verified || user === undefined) {
    res.status(401).send('Wrong address or password.');
    return;
  }
  await sessions.signIn(g.exchange(req), { user: user.id });
  res.redirect(303, '/');
});
app.post('/sign-out', g.optional(), async (req, res) => {
  await sessions.signOut(g.exchange(req));
  res.redirect(303, '/');
});
app.get('/', g.require('posts:read'), (_req, res) => {
  res.send(`Hello ${res.locals.auth.principal.id}`);
});
app.use(g.errors());
// then app.listen(3000)
