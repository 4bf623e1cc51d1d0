import type { Requirement, RouteEntry } from '@portcullis/core';
import { coversOthers, createRouteList } from '@portcullis/core/adapter';
import { type HonoEntry, stepOf } from './closed-routes.js';

/** What `assertClosed` takes. */
export interface AssertClosedOptions {
  /** Names of the opaque entries that may answer: exactly those, so that a stale one is found too. */
  readonly acknowledge?: readonly string[];
}

interface Cover {
  readonly requirement: Requirement;
  readonly path: string;
}

/** Whether a pattern of `use` covers a route's: `/admin/*` does `/admin/:id` and, as in Hono, `/admin` itself. */
function coversPath(pattern: string, path: string): boolean {
  if (!pattern.endsWith('*')) return pattern === path;
  const base = pattern.replace(/\/?\*$/, '');
  return base === '' || path === base || path.startsWith(`${base}/`);
}

/** Lists every route of an application, and what may answer without being one. */
export function auditRoutes(app: object): readonly RouteEntry[] {
  const { routes } = app as { readonly routes?: unknown };
  if (!Array.isArray(routes)) throw new TypeError('audit: give a Hono application.');
  const entries = routes as readonly HonoEntry[];
  const list = createRouteList();
  const covers: Cover[] = [];
  let own: Requirement | undefined;
  let listed = false;
  for (const [at, entry] of entries.entries()) {
    const { kind, requirement, name, continues } = stepOf(entry, entries[at - 1]);
    const { path } = entry;
    const method = entry.method === 'ALL' ? '*' : entry.method;
    if (!continues) {
      own = undefined;
      listed = false;
    }
    if (kind === 'guard') {
      // A guard after the handler comes too late for it.
      if (!listed) own ??= requirement;
      if (method === '*' && coversOthers(requirement)) covers.push({ requirement, path });
    } else if (kind === 'route') {
      const cover = covers.find((each) => coversPath(each.path, path))?.requirement;
      if (!listed) list.route(method, path, own ?? cover);
      listed = true;
    } else if (kind === 'middleware') {
      const label = /^\/?\*$/.test(path) ? name : `${path} ${name}`;
      const cover = covers.find((each) => coversPath(each.path, path))?.requirement;
      if (cover === undefined) list.opaque('*', label);
      else list.route('*', label, cover);
    }
  }
  return list.entries;
}
