/** A JSON object as it was written: own members only. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Why a text is not taken. */
export type JsonFault = 'not_json' | 'not_an_object' | 'duplicate_name' | 'unsafe_number' | 'unsafe_text' | 'too_deep';

const deepest = 16;
const backslash = 0x5c;

/** How many member names a valid JSON text has, at all depths: the strings that a colon follows. */
function countNames(text: string): number {
  let names = 0;
  let open = text.indexOf('"');
  while (open !== -1) {
    let close = text.indexOf('"', open + 1);
    while (text.charCodeAt(close - 1) === backslash) {
      let first = close - 1;
      while (text.charCodeAt(first - 1) === backslash) first--;
      // An even run of backslashes escapes itself, not the quote.
      if (((close - first) & 1) === 0) break;
      close = text.indexOf('"', close + 1);
    }
    let next = close + 1;
    let code = text.charCodeAt(next);
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) code = text.charCodeAt(++next);
    if (code === 0x3a) names++;
    open = text.indexOf('"', next);
  }
  return names;
}

/**
 * How many colons of a valid JSON text follow a quote: one for each name, and any inside a string that do so too. Never
 * less than `countNames`, mostly the same, and found with far fewer steps.
 */
function countColons(text: string): number {
  let colons = 0;
  for (let at = text.indexOf(':'); at !== -1; at = text.indexOf(':', at + 1)) {
    let before = at - 1;
    let code = text.charCodeAt(before);
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) code = text.charCodeAt(--before);
    if (code === 0x22) colons++;
  }
  return colons;
}

interface Walk {
  names: number;
  fault: JsonFault | undefined;
}

function visitMember(member: unknown, depth: number, seen: Walk): void {
  if (typeof member === 'object') {
    if (member !== null) visit(member, depth + 1, seen);
  } else if (typeof member === 'number') {
    if (!Number.isFinite(member)) seen.fault = 'unsafe_number';
  }
}

function visit(value: object, depth: number, seen: Walk): void {
  if (depth > deepest) {
    seen.fault = 'too_deep';
    return;
  }
  if (Array.isArray(value)) {
    for (const member of value as readonly unknown[]) visitMember(member, depth, seen);
    return;
  }
  for (const name in value) {
    seen.names++;
    visitMember((value as JsonObject)[name], depth, seen);
    // An object that has it as a member of its own turns into a prototype as soon as somebody merges it.
    if (name === '__proto__') seen.fault = 'unsafe_text';
  }
}

const loneSurrogate = /\p{Surrogate}/u;

function hasLoneSurrogate(value: unknown): boolean {
  if (typeof value === 'string') return loneSurrogate.test(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, member]) => loneSurrogate.test(name) || hasLoneSurrogate(member));
}

/**
 * Parses a JSON text that must be one object, and refuses what `JSON.parse` lets through: a name that comes twice in one
 * object at any depth, numbers too large to be finite, half of a surrogate pair, the name `__proto__`, and more than
 * 16 levels. Strings are otherwise as they are.
 *
 * Duplicates are found by counting: in a valid text each name is a string before a colon, so more of those than the
 * parsed value has members means that some were overwritten.
 * @see RFC 7515 section 4, RFC 7519 section 4, RFC 8259 section 4
 */
export function parseStrictObject(text: string): JsonObject | JsonFault {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'not_json';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not_an_object';
  const seen: Walk = { names: 0, fault: undefined };
  visit(value, 1, seen);
  if (seen.fault !== undefined) return seen.fault;
  // The names of the text are at least those of the value, and at most its colons: where these two meet, nothing is lost.
  if (seen.names !== countColons(text) && seen.names !== countNames(text)) return 'duplicate_name';
  // Only an escape can write half a pair: the text itself came out of UTF-8.
  if (text.includes('\\') && hasLoneSurrogate(value)) return 'unsafe_text';
  return value as JsonObject;
}
