/** A path as OpenAPI writes it. */
export interface PathTemplate {
  /** `/posts/{id}`, without a slash at the end. */
  readonly path: string;
  /** Its last parameter takes any number of segments, which OpenAPI cannot say. */
  readonly takesRest: boolean;
}

interface Reading {
  readonly text: string;
  readonly takesRest: boolean;
}

// Parts of regular expressions, which a template has no words for.
const inexpressible = /[()[\]{}|^$+?]/;
// Neither a template's text nor the name of a parameter may have a brace in it (OpenAPI 3.1, path templating).
const brace = /[{}]/;
// What Hono writes behind a parameter, `:id{[0-9]+}`. The optional group of other routers, `:id{.:format}`, has none of these.
const expression = /^\{(?!\/).*(?:[\\[\]()|+^$?]|\*(?!\w))/;

/** The length of what stands between the first `open` and its `close`; 0 where it never closes. */
function balanced(text: string, open: string, close: string): number {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === open) depth++;
    else if (text[at] === close && --depth === 0) return at + 1;
  }
  return 0;
}

const withText = (readings: readonly Reading[], text: string, takesRest = false): readonly Reading[] =>
  readings.map((before) => ({ text: before.text + text, takesRest: before.takesRest || takesRest }));

/** A parameter's name at the beginning of `text`, as `name` or `"any name"`, and its length. */
function readName(text: string): readonly [name: string, length: number] {
  const [all = '', quoted, plain] = /^(?:"((?:[^"\\]|\\.)+)"|(\w+))/.exec(text) ?? [];
  return [quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '', all.length];
}

/** Everything that a pattern may come to, one reading for each choice of its optional parts. */
function read(pattern: string): readonly Reading[] | undefined {
  let readings: readonly Reading[] = [{ text: '', takesRest: false }];
  for (let at = 0; at < pattern.length; ) {
    const rest = pattern.slice(at);
    if (rest.startsWith('\\') || rest.startsWith('::')) {
      const literal = rest[1] ?? '';
      if (brace.test(literal)) return undefined;
      readings = withText(readings, literal);
      at += 2;
    } else if (rest.startsWith(':')) {
      const [name, length] = readName(rest.slice(1));
      if (name === '' || brace.test(name)) return undefined;
      at += 1 + length;
      const after = pattern.slice(at);
      if (after.startsWith('(')) at += balanced(after, '(', ')');
      const group = after.slice(0, after.startsWith('{') ? balanced(after, '{', '}') : 0);
      if (expression.test(group)) at += group.length;
      const modifier = /^[?*+]/.exec(pattern.slice(at))?.[0] ?? '';
      at += modifier.length;
      const without = readings.map(({ text, takesRest }) => ({ text: text.replace(/\/$/, ''), takesRest }));
      const taken = withText(readings, `{${name}}`, modifier === '*' || modifier === '+');
      readings = modifier === '?' || modifier === '*' ? [...taken, ...without] : taken;
    } else if (rest.startsWith('{')) {
      const length = balanced(rest, '{', '}');
      const inner = read(rest.slice(1, length - 1));
      if (length === 0 || inner === undefined) return undefined;
      readings = [
        ...readings.flatMap((before) => inner.flatMap(({ text, takesRest }) => withText([before], text, takesRest))),
        ...readings,
      ];
      at += length;
    } else if (rest.startsWith('*')) {
      if (readings.some(({ text }) => text !== '' && !text.endsWith('/'))) return undefined;
      const [name, length] = readName(rest.slice(1));
      if (brace.test(name)) return undefined;
      readings = withText(readings, `{${name || 'rest'}}`, true);
      at += 1 + length;
    } else {
      if (inexpressible.test(rest.charAt(0))) return undefined;
      readings = withText(readings, rest.charAt(0));
      at += 1;
    }
  }
  return readings;
}

const withoutLastSlash = (path: string): string => path.replace(/(?<=.)\/+$/, '');

/**
 * A router's pattern as OpenAPI's templates, several where a part of it is optional. Reads what Express, Koa, Hono, Fastify
 * and `g.fetch` take: `:id`, `:id(\\d+)`, `:id{[0-9]+}`, `:id?`, `{/:id}`, `*`, `*rest`. `undefined` for a pattern that no
 * template says, as a regular expression.
 */
export function pathTemplates(pattern: string): readonly PathTemplate[] | undefined {
  const readings = read(pattern);
  if (readings === undefined) return undefined;
  const paths = new Map<string, PathTemplate>();
  for (const { text, takesRest } of readings) {
    const path = withoutLastSlash(text.startsWith('/') ? text : `/${text}`);
    paths.set(path, { path, takesRest });
  }
  return [...paths.values()];
}

/** What two templates have in common that differ in the names of their parameters only: to OpenAPI they are the same. */
export function templateKey(path: string): string {
  return withoutLastSlash(path).replace(/\{[^}]*\}/g, '{}');
}

/** The parameters of a template, in order. */
export function templateParameters(path: string): readonly string[] {
  return [...path.matchAll(/\{([^}]*)\}/g)].map(([, name = '']) => name);
}
