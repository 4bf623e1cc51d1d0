import type { HeaderField, Outcome } from '@portcullis/core';
import type { WebState } from './web-request.js';

/** The response that says what the guard decided. */
export function sendOutcome({ status, headers, body }: Outcome): Response {
  return new Response(body, { status, headers: headers.map(([name, value]): [string, string] => [name, value]) });
}

/**
 * Runs what answers, and puts on its response what was appended meanwhile. Responses that cannot be changed (a redirect,
 * another server's) are copied; a switch of protocols can be neither, and goes out as it is.
 */
export async function sendFields({ exchange }: WebState, answer: () => Promise<Response>): Promise<Response> {
  const fields: HeaderField[] = [];
  let response: Response;
  try {
    response = await answer();
  } finally {
    exchange.response.flush((name, value) => fields.push([name, value]));
  }
  // Bun's handlers answer nothing when they have upgraded the connection.
  if (fields.length === 0 || (response as Response | undefined) === undefined || response.status === 101)
    return response;
  try {
    // A probe that changes nothing, so that a response is not left with half of the fields.
    response.headers.delete('portcullis-probe');
  } catch {
    response = new Response(response.body, response);
  }
  // What the application says as well (no-store) is said once.
  for (const [name, value] of fields) if (response.headers.get(name) !== value) response.headers.append(name, value);
  return response;
}
