import { isJsonContentType } from '@portcullis/core/csrf';
import type { Context } from 'hono';
import { z } from 'zod';
import { ApiProblem } from './problems.js';

const maxBytes = 64 * 1024;

/** Text that a database keeps as it is: no NUL, no half of a surrogate pair. */
export const text = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .refine((value) => value.isWellFormed() && !value.includes('\0'), 'Give well-formed text without NUL');

/** An address, as far as it can be told without sending mail. */
export const email = text(254).regex(/^[^\s@]+@[^\s@]+$/, 'Give an address, as in ada@example.org');

/** A password, a code or a token: exactly as sent. */
export const secretText = (max: number) => z.string().min(1).max(max);

/** The query, checked. @throws {ApiProblem} `invalid_input`, naming the parameter. */
export function readQuery<S extends z.ZodType>(c: Context, schema: S): z.output<S> {
  return parse(schema, c.req.query());
}

/**
 * The JSON body, checked. None at all counts as `{}`. Call it in the handler, behind the guard: nobody's body is read
 * before it is known who they are.
 * @throws {ApiProblem} naming the field that is wrong, never its value.
 */
export async function readBody<S extends z.ZodType>(c: Context, schema: S): Promise<z.output<S>> {
  const text = await readText(c.req.raw);
  if (text === '') return parse(schema, {});
  if (!isJsonContentType(c.req.header('content-type'))) throw new ApiProblem('unsupported_body');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ApiProblem('malformed_body');
  }
  return parse(schema, value);
}

/** The body as text of at most 64 KiB. @throws {ApiProblem} */
export async function readText(request: Request): Promise<string> {
  // What is announced as too large is not even begun.
  if (Number(request.headers.get('content-length')) > maxBytes) throw new ApiProblem('body_too_large');
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let size = 0;
  let text = '';
  try {
    for await (const chunk of request.body ?? []) {
      size += chunk.byteLength;
      if (size > maxBytes) throw new ApiProblem('body_too_large');
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  } catch (error) {
    throw error instanceof TypeError ? new ApiProblem('malformed_body') : error;
  }
}

/** @throws {ApiProblem} `invalid_input`, naming the field. */
export function parse<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.map(String).join('.');
  throw new ApiProblem('invalid_input', field ? `${field}: ${issue?.message}` : issue?.message);
}
