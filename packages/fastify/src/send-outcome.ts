import type { Outcome } from '@portcullis/core';
import { outcomeFields, representationFields } from '@portcullis/core/adapter';
import type { FastifyOutgoing } from './fastify-request.js';

const utf8 = new TextEncoder();

/** Answers with what the guard decided. Fields that earlier hooks have set (CORS) stay. */
export function sendOutcome(reply: FastifyOutgoing, outcome: Outcome): void {
  for (const name of representationFields) reply.removeHeader(name);
  for (const [name, value] of Object.entries(outcomeFields(outcome))) reply.header(name, value);
  reply.code(outcome.status);
  // Bytes, because Fastify writes a charset on the JSON types of strings, and RFC 9457 defines none.
  reply.send(utf8.encode(outcome.body));
}
