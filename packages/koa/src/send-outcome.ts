import type { Outcome } from '@portcullis/core';
import { outcomeFields, representationFields } from '@portcullis/core/adapter';
import type { KoaContext } from './koa-request.js';

/** Answers with what the guard decided. Fields that earlier middleware has set (CORS) stay. */
export function sendOutcome(ctx: KoaContext, outcome: Outcome): void {
  for (const name of representationFields) ctx.remove(name);
  for (const [name, value] of Object.entries(outcomeFields(outcome))) ctx.set(name, value);
  ctx.status = outcome.status;
  ctx.body = outcome.body;
}
