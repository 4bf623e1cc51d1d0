import type { Outcome } from '@portcullis/core';
import { outcomeFields, representationFields } from '@portcullis/core/adapter';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** Answers with what the guard decided. Fields that earlier middleware has set (CORS) stay. */
export function sendOutcome(c: Context, outcome: Outcome): Response {
  for (const name of representationFields) c.header(name, undefined);
  return c.newResponse(outcome.body, outcome.status as ContentfulStatusCode, outcomeFields(outcome));
}
