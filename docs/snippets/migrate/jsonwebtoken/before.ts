import express from 'express';
import jwt from 'jsonwebtoken';

type CheckPassword = (email: string, password: string) => Promise<{ id: number; role: string } | undefined>;

export function createApp(secret: string, checkPassword: CheckPassword) {
  const app = express();
  app.post('/sign-in', express.json(), async (req, res) => {
    const { email, password } = req.body as { email: string; password: string };
    const user = await checkPassword(email, password);
    if (user === undefined) return void res.sendStatus(401);
    res.json({ token: jwt.sign({ userId: user.id, role: user.role }, secret, { expiresIn: '7d' }) });
  });
  app.use((req, res, next) => {
    try {
      res.locals['user'] = jwt.verify(req.headers.authorization?.split(' ')[1] ?? '', secret);
      next();
    } catch {
      res.sendStatus(401);
    }
  });
  app.get('/me', (_req, res) => {
    const { userId } = res.locals['user'] as { userId: number };
    res.json({ user: userId });
  });
  app.post('/posts/publish', (_req, res) => {
    res.sendStatus(res.locals['user'].role === 'editor' ? 204 : 403);
  });
  return app;
}
