import express from 'express';
import session, { type Store } from 'express-session';

declare module 'express-session' {
  interface SessionData {
    userId: number;
    theme: string;
  }
}

export function createApp(
  store: Store,
  checkPassword: (email: string, password: string) => Promise<number | undefined>,
) {
  const app = express();
  app.use(
    session({
      store,
      secret: 'keyboard cat',
      resave: false,
      saveUninitialized: false,
      cookie: { httpOnly: true, sameSite: 'lax', secure: 'auto', maxAge: 7 * 86_400_000 },
    }),
  );
  app.post('/sign-in', express.json(), async (req, res, next) => {
    const { email, password } = req.body as { email: string; password: string };
    const userId = await checkPassword(email, password);
    if (userId === undefined) return void res.sendStatus(401);
    req.session.regenerate((error) => {
      if (error) return next(error);
      req.session.userId = userId;
      req.session.theme = 'light';
      res.sendStatus(204);
    });
  });
  app.post('/sign-out', (req, res, next) => {
    req.session.destroy((error) => (error ? next(error) : res.clearCookie('connect.sid').sendStatus(204)));
  });
  app.post('/theme/:name', (req, res) => {
    if (req.session.userId === undefined) return void res.sendStatus(401);
    req.session.theme = req.params.name;
    res.sendStatus(204);
  });
  app.get('/me', (req, res) => {
    if (req.session.userId === undefined) return void res.sendStatus(401);
    res.json({ user: req.session.userId, theme: req.session.theme });
  });
  return app;
}
