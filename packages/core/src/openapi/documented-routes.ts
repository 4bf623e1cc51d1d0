import type { RouteEntry } from '../guard/route-audit.js';
import { pathTemplates, templateKey } from './path-templates.js';

/** A route of the audit, as far as a document can speak of it. */
export interface DocumentedRoute {
  readonly entry: RouteEntry;
  /** Its path as the document writes it: several where a part is optional, none where no template says it. */
  readonly templates: readonly string[];
  /** Its last parameter takes any number of segments, which no template says. */
  readonly takesRest: boolean;
}

/** The routes behind `basePath`, which the document's paths do not repeat. */
export function documentedRoutes(entries: readonly RouteEntry[], basePath: string): readonly DocumentedRoute[] {
  return entries.flatMap((entry): readonly DocumentedRoute[] => {
    // What may answer without being a route has a name, and no path that a client could ask for.
    if (entry.state === 'opaque' || /\s/.test(entry.path)) return [];
    const found = pathTemplates(entry.path);
    if (found === undefined) return entry.path.startsWith(basePath) ? [{ entry, templates: [], takesRest: false }] : [];
    const inside = found.filter(({ path }) => path === basePath || path.startsWith(`${basePath}/`));
    if (inside.length === 0) return [];
    const templates = inside.map(({ path }) => path.slice(basePath.length) || '/');
    return [{ entry, templates, takesRest: inside.some(({ takesRest }) => takesRest) }];
  });
}

/** The route that answers an operation: one of its method, for HEAD one of GET, or one of every method. */
export function findRoute(
  routes: readonly DocumentedRoute[],
  path: string,
  method: string,
): DocumentedRoute | undefined {
  const key = templateKey(path);
  const here = routes.filter(({ templates }) => templates.some((template) => templateKey(template) === key));
  for (const name of method === 'head' ? ['HEAD', 'GET', '*'] : [method.toUpperCase(), '*']) {
    const route = here.find(({ entry }) => entry.method === name);
    if (route !== undefined) return route;
  }
  return undefined;
}
