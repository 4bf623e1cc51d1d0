import { lastOfEachCookie } from '../cookies/serialize-cookie.js';
import { CoreError, invalidOption } from '../errors/core-errors.js';
import type { HeaderField, ResponseSink } from '../guard/request.js';

/** What is used of Node's `ServerResponse` (and of the HTTP/2 compatibility response). */
export interface NodeOutgoing {
  readonly headersSent: boolean;
  getHeader(name: string): number | string | readonly string[] | undefined;
  setHeader(name: string, value: string | readonly string[]): unknown;
  removeHeader(name: string): void;
  writeHead(...args: never[]): unknown;
  once(event: 'close', listener: () => void): unknown;
}

const fieldName = /^[!#$%&'*+\-.^_`|~\w]+$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Refuses a field that Node would refuse to write later, when nobody could tell any more who asked for it.
 * @throws {CoreError} `invalid_option`; the value, which may be a session, is not shown.
 */
export function assertField(name: string, value: string): void {
  if (!fieldName.test(name)) throw invalidOption('name', 'a response field is named with an RFC 9110 token');
  if (!fieldValue.test(value)) throw invalidOption(name, 'the value of a response field has a forbidden character');
}

function isCookie([name]: HeaderField): boolean {
  return name.toLowerCase() === 'set-cookie';
}

/**
 * The fields as they go out: a cookie that was set again (a sign-out after a renewal) only as it was set last
 * (RFC 6265bis section 4.1.1).
 */
export function settledFields(fields: readonly HeaderField[]): readonly HeaderField[] {
  const cookies = fields.filter(isCookie);
  if (cookies.length < 2) return fields;
  const last = lastOfEachCookie(cookies.map(([, value]) => value));
  return [...fields.filter((field) => !isCookie(field)), ...last.map((value): HeaderField => ['set-cookie', value])];
}

function strings(value: unknown): readonly string[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}

function addTo(outgoing: NodeOutgoing, name: string, values: readonly string[]): void {
  const before = strings(outgoing.getHeader(name));
  // What the application says as well (no-store) is said once.
  const all = [...before, ...values.filter((value) => !before.includes(value))];
  outgoing.setHeader(name, all.length === 1 ? (all[0] as string) : all);
}

/** The fields given to `writeHead`, by name: an object, one flat list of names and values, or a list of pairs. */
function givenFields(given: unknown): ReadonlyMap<string, readonly string[]> {
  const list: [unknown, unknown][] = [];
  if (!Array.isArray(given)) list.push(...Object.entries(given ?? {}));
  else if (Array.isArray(given[0])) list.push(...(given as [unknown, unknown][]));
  else for (let at = 0; at < given.length; at += 2) list.push([given[at], given[at + 1]]);
  const fields = new Map<string, readonly string[]>();
  for (const [name, value] of list) {
    const key = String(name).toLowerCase();
    fields.set(key, [...(fields.get(key) ?? []), ...strings(value)]);
  }
  return fields;
}

/**
 * Writes `pending` with the head, however it is written: every way to send one ends in `writeHead`, the implicit one too.
 * Before that nothing is put on the response, so nothing can be wiped or overwritten there.
 */
function flushWithHead(outgoing: NodeOutgoing, pending: readonly HeaderField[]): void {
  const original: unknown = outgoing.writeHead;
  let flushed = false;
  outgoing.writeHead = (...args: unknown[]): unknown => {
    const write = (list: readonly unknown[]): unknown =>
      Reflect.apply(original as (...args: unknown[]) => unknown, outgoing, list);
    // A second call is the application's mistake, and Node says so.
    if (flushed || outgoing.headersSent) return write(args);
    const [status, second, third] = args;
    const reason = typeof second === 'string' ? [second] : [];
    // Fields given to writeHead replace those set before. Node would let them replace ours too, so they are set first.
    for (const [name, values] of givenFields(typeof second === 'string' ? third : (third ?? second))) {
      outgoing.removeHeader(name);
      addTo(outgoing, name, values);
    }
    const fields = settledFields(pending);
    const before = new Map(fields.map(([name]) => [name, outgoing.getHeader(name)]));
    for (const [name, value] of fields) addTo(outgoing, name, [value]);
    try {
      const result = write([status, ...reason]);
      flushed = true;
      return result;
    } catch (error) {
      // Not sent (a status out of range, say): the error page's head must carry each field once.
      for (const [name, value] of before) {
        if (value === undefined) outgoing.removeHeader(name);
        else outgoing.setHeader(name, strings(value));
      }
      throw error;
    }
  };
}

/** A sink whose fields go out with the head, beside the application's own. Costs nothing until it is used. */
export function createResponseSink(outgoing: NodeOutgoing): ResponseSink {
  let pending: HeaderField[] | undefined;
  return {
    append(name, value) {
      if (outgoing.headersSent)
        throw new CoreError('response_sent', 'The response head is out; append fields before that.');
      assertField(name, value);
      if (pending === undefined) flushWithHead(outgoing, (pending = []));
      pending.push([name, value]);
    },
  };
}
