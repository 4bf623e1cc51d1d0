import type { Outcome } from '@portcullis/core';
import { outcomeFields, representationFields } from '@portcullis/core/adapter';
import type { ExpressResponse } from './express-request.js';

/** Answers with what the guard decided. Fields that earlier middleware has set (CORS) stay. */
export function sendOutcome(res: ExpressResponse, outcome: Outcome): void {
  for (const name of representationFields) res.removeHeader(name);
  for (const [name, value] of Object.entries(outcomeFields(outcome))) res.setHeader(name, value);
  res.statusCode = outcome.status;
  res.end(outcome.body);
}
