import type { Requirement, RouteEntry } from '@portcullis/core';
import { coversOthers, createRouteList, requirementOf, type RouteList } from '@portcullis/core/adapter';
import { tableOf, type WebTable } from './closed-routes.js';

/** What `assertClosed` takes. */
export interface AssertClosedOptions {
  /** Names of the opaque entries that may answer: exactly those, so that a stale one is found too. */
  readonly acknowledge?: readonly string[];
}

function collect({ routes, fallback }: WebTable, cover: Requirement | undefined, list: RouteList): void {
  for (const { method = '*', path, handler } of routes) {
    const requirement = requirementOf(handler);
    const inner = tableOf(handler);
    if (inner === undefined) list.route(method, path, requirement ?? cover);
    else collect(inner, coversOthers(requirement) ? requirement : cover, list);
  }
  if (fallback === undefined) return;
  const name = fallback.name || '<anonymous>';
  const requirement = requirementOf(fallback) ?? cover;
  if (requirement === undefined) list.opaque('*', name);
  else list.route('*', name, requirement);
}

/** Lists every route of a table and of the tables inside, and what may answer without being one. */
export function auditRoutes(app: object): readonly RouteEntry[] {
  const table = tableOf(app);
  if (table === undefined) throw new TypeError('audit: give what g.fetch(routes) has made.');
  const list = createRouteList();
  const requirement = requirementOf(app);
  collect(table, coversOthers(requirement) ? requirement : undefined, list);
  return list.entries;
}
