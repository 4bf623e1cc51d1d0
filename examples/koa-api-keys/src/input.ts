import type { IncomingMessage } from 'node:http';
import { PortcullisError } from '@portcullis/core';
import { isJsonContentType } from '@portcullis/core/csrf';
import { z } from 'zod';
import { policy } from './auth.js';

const day = 86_400_000;
const limit = z.coerce.number().int().min(1).max(100).default(20);

/** Text that a database keeps as it is: no NUL, no half of a surrogate pair. */
const text = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .refine((value) => value.isWellFormed() && !value.includes('\0'), 'Give well-formed text without NUL');

export const PostPage = z.object({ cursor: z.coerce.number().int().positive().optional(), limit });
export const KeyPage = z.object({ cursor: z.string().max(1000).optional(), limit });

export const NewPost = z.strictObject({
  title: text(200),
  body: text(20_000),
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

/** What a handler throws: the guard's `errors` answers it with application/problem+json, as it does its own denials. */
export class ApiProblem extends PortcullisError {
  constructor(status: number, code: string, detail: string) {
    super(code, { status, retryable: false }, detail);
  }
}

/** Whether there is a body, which must be JSON. @throws {ApiProblem} 415 */
export function hasJson({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  const empty = headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0';
  if (empty || isJsonContentType(headers['content-type'])) return !empty;
  throw new ApiProblem(415, 'unsupported_body', 'Send the body as application/json.');
}

/** A body or query, checked. None counts as `{}`. @throws {ApiProblem} 422, naming the field that is wrong, never its value. */
export function parse<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.map(String).join('.');
  throw new ApiProblem(422, 'invalid_input', [field, issue?.message].filter(Boolean).join(': '));
}

/** When a key ends that is to last so many days. */
export function expiryOf(days: number | undefined): number | undefined {
  return days === undefined ? undefined : Date.now() + Math.ceil(days * day);
}
