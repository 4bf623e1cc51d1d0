import { pbkdf2, timingSafeEqual } from 'node:crypto';
import express, { type RequestHandler } from 'express';
import session, { type Store } from 'express-session';
import type Database from 'libsql';
import passport from 'passport';
import { Strategy } from 'passport-local';

interface Row {
  id: number;
  username: string;
  hashed_password: Buffer;
  salt: Buffer;
}

export function createApp(db: Database.Database, store: Store) {
  const users = db.prepare('SELECT * FROM users WHERE username = ?');
  const auth = new passport.Passport();
  auth.use(
    new Strategy((username, password, done) => {
      const row = users.get(username) as Row | undefined;
      if (row === undefined) return done(null, false);
      pbkdf2(password, row.salt, 310_000, 32, 'sha256', (error, hash) => {
        if (error) return done(error);
        done(null, timingSafeEqual(row.hashed_password, hash) && { id: row.id, username: row.username });
      });
    }),
  );
  auth.serializeUser((user, done) => done(null, user));
  auth.deserializeUser((user: Express.User, done) => done(null, user));

  const app = express();
  app.use(session({ store, secret: 'keyboard cat', resave: false, saveUninitialized: false }));
  app.use(auth.authenticate('session') as RequestHandler);
  const local = auth.authenticate('local') as RequestHandler;
  app.post('/sign-in', express.json(), local, (_req, res) => void res.sendStatus(204));
  app.post('/sign-out', (req, res, next) => {
    req.logout((error) => (error ? next(error) : res.sendStatus(204)));
  });
  app.get('/me', (req, res) => {
    if (!req.isAuthenticated()) return void res.sendStatus(401);
    res.json({ user: req.user });
  });
  return app;
}
