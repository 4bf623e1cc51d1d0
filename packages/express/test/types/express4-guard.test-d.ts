import type { Guard, Vocabulary } from '@portcullis/core';
import express from 'express4';
import { expressGuard } from '../../src/index.js';

declare const guard: Guard<{ readonly kind: 'user'; readonly id: string }, Vocabulary>;
const g = expressGuard(guard);
const app = express();

// The same middleware fits the types of Express 4.
app.use(g.closed());
app.use('/area', g.authenticated());
app.get('/posts/:id', g.require('posts:read'), (req, res) => {
  const id: string = req.params.id;
  const kind: 'user' = res.locals.auth.principal.kind;
  // @ts-expect-error the path has no such parameter
  const other: string = req.params.other;
  res.json([id, kind, other]);
});
app.use(g.errors());
