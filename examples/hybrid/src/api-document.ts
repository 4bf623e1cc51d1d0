import { type RouteEntry } from '@portcullis/core';
import { openapi } from '@portcullis/core/openapi';
import { z } from 'zod';
import type { Auth } from './auth.js';
import { NewKey, Rotation } from './routes/keys.js';
import { NewPost } from './routes/posts.js';
import { Login, Refresh, Revocation } from './routes/tokens.js';

const json = (schema: object) => ({ content: { 'application/json': { schema } } });
const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemDetails' } } },
});
const component = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const listOf = (name: string) => ({
  type: 'object',
  required: [name],
  properties: { [name]: { type: 'array', items: component(name === 'posts' ? 'Post' : 'Key') }, cursor: {} },
});

/** The body of an operation, and what is wrong with those that are refused. */
function body(schema: z.ZodType) {
  const { $schema: _dialect, ...wanted } = z.toJSONSchema(schema, { io: 'input' });
  return {
    requestBody: json(wanted),
    refusals: {
      400: problem('The body, or the credential, is malformed.'),
      413: problem('The body is larger than 64 KiB.'),
      415: problem('The body is not JSON.'),
      422: problem('A field is missing or wrong.'),
    },
  };
}

interface OperationParts {
  readonly answer?: object;
  readonly status?: number;
  readonly input?: z.ZodType;
  readonly parameters?: readonly object[];
  readonly refusals?: object;
}

function operation(summary: string, parts: OperationParts = {}) {
  const { answer, status = answer === undefined ? 204 : 200, input, parameters, refusals } = parts;
  const sent = input && body(input);
  return {
    summary,
    ...(parameters && { parameters }),
    ...(sent && { requestBody: sent.requestBody }),
    responses: {
      [status]: { description: 'Done.', ...(answer && json(answer)) },
      ...(parameters?.some((each) => 'in' in each && each.in === 'query') && { 422: problem('A parameter is wrong.') }),
      ...sent?.refusals,
      ...refusals,
    },
  };
}

const id = [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }];
const page = ['cursor', 'limit'].map((name) => ({ name, in: 'query', schema: { type: 'string' } }));
const owner = { name: 'owner', in: 'query', schema: { type: 'string' }, description: "Another's, for administrators." };
const object = { type: 'object' };
const facts = (required: readonly string[]) => ({ type: 'object', required });
const notLoggedIn = { 401: problem('The address, the password or the code is wrong.') };
const noGrant = { 400: problem('The refresh token is not good, or the body is malformed.') };
const guessed = { 429: problem('Too many guesses.'), 503: problem('Guesses cannot be counted.') };

/** What the operations do. Who may, and how everyone else is refused, is added from the guards. */
const document = {
  openapi: '3.1.1',
  info: { title: 'Inkwell', version: '1', description: 'A small blog. Times are milliseconds since 1970.' },
  servers: [{ url: '/api' }],
  paths: {
    '/me': { get: operation('Who is calling', { answer: object }) },
    '/posts': {
      get: operation('Posts, newest first', { answer: listOf('posts'), parameters: page }),
      post: operation('Publish a post', { answer: component('Post'), status: 201, input: NewPost }),
    },
    '/posts/{id}': {
      get: operation('One post', { answer: component('Post'), parameters: id }),
      delete: operation('Delete a post', { parameters: id }),
    },
    '/keys': {
      get: operation('Keys', { answer: listOf('keys'), parameters: [owner, ...page] }),
      post: operation('Make a key', { answer: component('Key'), status: 201, input: NewKey }),
    },
    '/keys/{id}/rotate': {
      post: operation('Replace a key', {
        answer: component('Key'),
        input: Rotation,
        parameters: id,
        refusals: { 409: problem('It was revoked.') },
      }),
    },
    '/keys/{id}': { delete: operation('Revoke a key', { parameters: id }) },
    '/routes': { get: operation('Every route with what it requires', { answer: object }) },
    '/openapi.json': { get: operation('This document', { answer: object }) },
    '/tokens': {
      post: operation('Log in', { answer: object, input: Login, refusals: { ...notLoggedIn, ...guessed } }),
    },
    '/tokens/refresh': { post: operation('Refresh', { answer: object, input: Refresh, refusals: noGrant }) },
    '/tokens/revoke': { post: operation('Log out', { status: 200, input: Revocation }) },
  },
  components: {
    schemas: {
      Post: facts(['id', 'authorId', 'title', 'body', 'createdAt']),
      Key: facts(['id', 'owner', 'createdAt']),
    },
  },
} as const;

/** The API's document as the running service knows it. @throws when it lacks a route, or has one too many. */
export function describeApi({ guard }: Auth, routes: readonly RouteEntry[]) {
  const described = openapi(routes, { document, guard, basePath: '/api' });
  const [finding] = described.findings;
  if (finding !== undefined) throw new Error(`openapi: ${finding.kind} ${finding.at}: ${finding.message}`);
  return described.document;
}
