/** What can be read from a token without any key: everything but whether it is true. */
export interface DecodedJwt {
  readonly header: string;
  readonly payload: string;
  readonly signatureBytes: number;
  readonly remarks: readonly string[];
}

const base64url = /^[A-Za-z0-9_-]+$/;

function decodePart(part: string, name: string): unknown {
  if (!base64url.test(part))
    throw new Error(`The ${name} is not base64url: letters, digits, "-" and "_", without "=".`);
  const binary = atob(part.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new Error(`The ${name} is not JSON.`);
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function timeRemarks(payload: Record<string, unknown>, now: number): string[] {
  const remarks: string[] = [];
  const when = (name: string, said: string): void => {
    const value = payload[name];
    if (typeof value === 'number' && Number.isFinite(value) && Math.abs(value) < 8.64e12)
      remarks.push(`${name}: ${said} ${new Date(value * 1000).toISOString()}`);
  };
  when('iat', 'issued');
  when('nbf', 'not good before');
  when('exp', 'good until');
  if (payload['exp'] === undefined)
    remarks.push('No exp: this token would be good for ever. A verifier should refuse it.');
  else if (typeof payload['exp'] === 'number' && payload['exp'] * 1000 <= now) remarks.push('It has expired.');
  return remarks;
}

/**
 * Reads a compact JWT (RFC 7519, RFC 7515 section 3.1) without checking its signature.
 * @param now absolute milliseconds, for what has expired
 * @throws {Error} saying which part cannot be read
 */
export function decodeJwt(token: string, now: number): DecodedJwt {
  const parts = token
    .trim()
    .replace(/^Bearer\s+/i, '')
    .split('.');
  if (parts.length === 5)
    throw new Error('Five parts: this is an encrypted token (JWE). Nobody reads it without its key.');
  if (parts.length !== 3) throw new Error(`A JWT has three parts with dots between them. This has ${parts.length}.`);
  const [head = '', body = '', signature = ''] = parts;
  const header = decodePart(head, 'header');
  const payload = decodePart(body, 'payload');
  if (!isObject(header)) throw new Error('The header is not a JSON object.');
  if (!isObject(payload)) throw new Error('The payload is not a JSON object.');
  const remarks = timeRemarks(payload, now);
  if (typeof header['alg'] === 'string' && header['alg'].toLowerCase() === 'none')
    remarks.unshift('alg is none: nobody signed this. Anyone could have written it.');
  else if (signature === '') remarks.unshift('The signature is empty.');
  for (const name of ['jwk', 'jku', 'x5c', 'x5u'])
    if (name in header)
      remarks.push(`${name} in the header: the token brings its own key. A verifier must not take it from there.`);
  const show = (value: unknown): string => JSON.stringify(value, null, 2);
  return {
    header: show(header),
    payload: show(payload),
    signatureBytes: Math.floor((signature.length * 3) / 4),
    remarks,
  };
}
