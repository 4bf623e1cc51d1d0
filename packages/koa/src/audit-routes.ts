import type { Requirement, RouteEntry } from '@portcullis/core';
import { coversOthers, createRouteList, isPassive, requirementOf, type RouteList } from '@portcullis/core/adapter';
import { firstHandle, isRoute } from './closed-routes.js';
import type { KoaHandle, KoaLayer } from './koa-request.js';

/** What `assertClosed` takes. */
export interface AssertClosedOptions {
  /** Names of the opaque entries that may answer: exactly those, so that a stale one is found too. */
  readonly acknowledge?: readonly string[];
}

interface KoaRouter {
  readonly stack: readonly KoaLayer[];
  readonly exclusive?: boolean;
}

interface Cover {
  readonly requirement: Requirement;
  covers(path: string): boolean;
}

// What @koa/router makes of `use` without a path, in its major versions 12 to 15.
const everywhere = /(?:\(\?:\\\/\|\$\)|\{\/\*rest\}|\(\[\^\/\]\*\)|\(\.\*\))$/;

/** `router.all` registers every method there is. */
function methodsOf({ methods }: KoaLayer): readonly string[] {
  if (methods.length > 20) return ['*'];
  return methods.filter((method) => method !== 'HEAD' || !methods.includes('GET'));
}

function opaque(list: RouteList, path: string, { name }: KoaHandle, cover: Requirement | undefined): void {
  const label = `${path} ${name || '<anonymous>'}`.trim();
  if (cover === undefined) list.opaque('*', label);
  else list.route('*', label, cover);
}

function collect({ stack, exclusive = false }: KoaRouter, inherited: Requirement | undefined, list: RouteList): void {
  const covers: Cover[] = inherited === undefined ? [] : [{ requirement: inherited, covers: () => true }];
  const coverOf = (path: string): Requirement | undefined => covers.find((cover) => cover.covers(path))?.requirement;
  for (const layer of stack) {
    const path = String(layer.path);
    if (isRoute(layer)) {
      const requirement = requirementOf(firstHandle(layer)) ?? coverOf(path);
      for (const method of methodsOf(layer)) list.route(method, path, requirement);
      continue;
    }
    for (const handle of layer.stack) {
      if (isPassive(handle) || handle.param !== undefined) continue;
      const requirement = requirementOf(handle);
      if (requirement === undefined) {
        const mount = path.replace(everywhere, '');
        opaque(list, mount, handle, coverOf(mount));
      } else if (coversOthers(requirement) && typeof layer.path === 'string' && !exclusive) {
        // The router's own matching decides, tried on the pattern's text: `/admin` covers `/admin/:id`. An exclusive
        // router runs the last match only, and `use` not at all.
        covers.push({ requirement, covers: (full) => layer.match(full) });
      }
    }
  }
}

/** Lists every route of an application or router, and what may answer without being one. */
export function auditRoutes(app: object): readonly RouteEntry[] {
  const { middleware, stack } = app as { readonly middleware?: unknown; readonly stack?: unknown };
  const list = createRouteList();
  if (Array.isArray(middleware)) {
    let covered: Requirement | undefined;
    for (const handle of middleware as readonly (KoaHandle & { readonly router?: KoaRouter })[]) {
      const requirement = requirementOf(handle);
      if (coversOthers(requirement)) covered ??= requirement;
      else if (handle.router !== undefined) collect(handle.router, covered, list);
      else if (requirement === undefined && !isPassive(handle)) opaque(list, '', handle, covered);
    }
  } else if (Array.isArray(stack)) collect(app as KoaRouter, undefined, list);
  else throw new TypeError('audit: give a Koa application or a router of @koa/router.');
  return list.entries;
}
