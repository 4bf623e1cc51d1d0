import { invalidOption } from '../errors/core-errors.js';

/** One way to authenticate, as `WWW-Authenticate` names it. */
export interface Challenge {
  /** Authentication scheme, compared without regard to case. */
  readonly scheme: string;
  /** Parameters by name; the parser gives names in lower case. */
  readonly params: Readonly<Record<string, string>>;
  /** In place of parameters. */
  readonly token68?: string;
}

const token = /^[!#$%&'*+\-.^_`|~\w]+$/;
const token68 = /^[\w\-.~+/]+=*$/;

function textOf(name: string, value: string): string {
  // No field value may carry a control character into the head, and Node refuses to write what is not latin1.
  const printable = value.replace(/[^\x20-\x7e]/g, '?');
  return name === 'scope' || name.startsWith('error')
    ? // RFC 6750 section 3 takes quote and backslash out of these, so that nobody has to unescape them.
      printable.replaceAll('"', "'").replaceAll('\\', '/')
    : printable.replace(/["\\]/g, '\\$&');
}

function formatChallenge({ scheme, params, token68: single }: Challenge): string {
  if (!token.test(scheme)) throw invalidOption('challenge.scheme', 'use an RFC 9110 token, as in Bearer');
  const written = new Map<string, string>();
  for (const [key, value] of Object.entries(params)) {
    const name = key.toLowerCase();
    if (!token.test(name)) throw invalidOption('challenge.params', 'name parameters with RFC 9110 tokens, as in realm');
    if (written.has(name))
      throw invalidOption('challenge.params', `give "${name}" once; names differ by more than case`);
    written.set(name, `${name}="${textOf(name, value)}"`);
  }
  if (single === undefined) return written.size === 0 ? scheme : `${scheme} ${[...written.values()].join(', ')}`;
  if (written.size > 0 || !token68.test(single))
    throw invalidOption('challenge.token68', 'use token68 characters, and no params beside it');
  return `${scheme} ${single}`;
}

/**
 * Several challenges as one `WWW-Authenticate` field value.
 * Every value is a quoted string with nothing around its `=`; `error`, `error_*` and `scope` keep to the characters of
 * RFC 6750; anything not printable ASCII becomes `?`. Challenges of one scheme are not merged here.
 * @throws {CoreError} `invalid_option` for a scheme or parameter name that is no token, or a name given twice.
 * @see RFC 9110 section 11.6.1, RFC 6750 section 3
 */
export function formatChallenges(challenges: readonly Challenge[]): string {
  return challenges.map(formatChallenge).join(', ');
}

const separator = /[ \t,]*/y;
const listElement = /[ \t]*(?:,[ \t,]*|$)/y;
const schemeName = /([!#$%&'*+\-.^_`|~\w]+)(?:( +)|(?=[\t,]|$))/y;
const single68 = /([\w\-.~+/]+=*)(?=[ \t]*(?:,|$))/y;
const parameter =
  /([!#$%&'*+\-.^_`|~\w]+)[ \t]*=[ \t]*(?:([!#$%&'*+\-.^_`|~\w]+)|"((?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*)")/y;

/**
 * The challenges of a `WWW-Authenticate` field value, or `undefined` when it breaks the grammar anywhere.
 * Understood are lists, empty elements, token68, quoted pairs and white space around `=`. A parameter given twice in one
 * challenge breaks it (RFC 9110 section 11.2). Several field lines are joined with `, ` first.
 * @see RFC 9110 section 11.6.1
 */
export function parseChallenges(value: string): readonly Challenge[] | undefined {
  let at = 0;
  const eat = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(value);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  const challenges: Challenge[] = [];
  eat(separator);
  while (at < value.length) {
    const [, scheme, space] = eat(schemeName) ?? [];
    if (scheme === undefined) return undefined;
    const single = space && eat(single68)?.[1];
    if (single !== undefined) {
      challenges.push({ scheme, params: {}, token68: single });
      if (eat(listElement) === null) return undefined;
      continue;
    }
    const params = new Map<string, string>();
    // Empty elements may stand between a scheme's space and its first parameter.
    const gap = eat(separator)?.[0] ?? '';
    for (let match = space ? eat(parameter) : null; match !== null; match = eat(parameter)) {
      const [, name = '', plain, quoted = ''] = match;
      const key = name.toLowerCase();
      if (params.has(key)) return undefined;
      params.set(key, plain ?? quoted.replace(/\\(.)/g, '$1'));
      if (eat(listElement) === null) return undefined;
    }
    if (params.size === 0 && at < value.length && !gap.includes(',')) return undefined;
    challenges.push({ scheme, params: Object.fromEntries(params) });
  }
  return challenges;
}
