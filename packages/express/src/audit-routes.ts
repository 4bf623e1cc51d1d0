import type { Requirement, RouteEntry } from '@portcullis/core';
import { coversOthers, createRouteList, isPassive, requirementOf, type RouteList } from '@portcullis/core/adapter';
import { firstHandle } from './closed-routes.js';
import type { ExpressLayer } from './express-request.js';

/** What `assertClosed` takes. */
export interface AssertClosedOptions {
  /** Names of the opaque entries that may answer: exactly those, so that a stale one is found too. */
  readonly acknowledge?: readonly string[];
}

interface Cover {
  readonly requirement: Requirement;
  covers(path: string): boolean;
}

const mounted = /^\^(.*?)(?:\\\/\?)?(?:\(\?=\\\/\|\$\))$/;
const parameter = /\(\?:(\\\/)?\((?:\[\^\\?\/\]|\(\?:\(\?![^)]*\)\.\))\+\?\)\)/g;

/** Express 4 keeps no mount path, only the expression made of it. `undefined` for one that was not made of a string. */
function pathOfExpression({ regexp, keys = [] }: ExpressLayer): string | undefined {
  const [, source] = mounted.exec(regexp?.source ?? '') ?? [];
  let at = 0;
  const named = (_all: string, slash = ''): string => `${slash}:${keys[at++]?.name}`;
  const path = source?.replace(parameter, named).replace(/\\(.)/g, '$1');
  return path === undefined || /[()[\]|]/.test(path) ? undefined : path;
}

/** Where a layer of `use` is mounted; empty for the root, `undefined` where it cannot be told. */
function mountPath(layer: ExpressLayer): string | undefined {
  const raw = layer.regexp?.fast_slash === true ? '/' : layer.rawPath;
  if (typeof raw === 'string') return raw === '/' ? '' : raw;
  return raw === undefined ? pathOfExpression(layer) : undefined;
}

/** What stands for a mount path that is no string, in the audit. */
function patternOf({ regexp, rawPath }: ExpressLayer): string {
  const patterns = [regexp ?? rawPath]
    .flat(Infinity)
    .filter((each) => each instanceof RegExp || typeof each === 'string');
  return patterns.length === 0 ? '(unknown)' : patterns.join('|');
}

function collect(stack: readonly ExpressLayer[], prefix: string, inherited: readonly Cover[], list: RouteList): void {
  const covers = [...inherited];
  const coverOf = (path: string): Requirement | undefined => covers.find((cover) => cover.covers(path))?.requirement;
  for (const layer of stack) {
    const { route, handle } = layer;
    if (route !== undefined) {
      for (const path of [route.path].flat(Infinity).map((part) => `${prefix}${String(part)}`)) {
        for (const method of Object.keys(route.methods)) {
          const own = requirementOf(firstHandle(route, method === '_all' ? '' : method));
          list.route(method === '_all' ? '*' : method.toUpperCase(), path, own ?? coverOf(path));
        }
      }
      continue;
    }
    // Middleware of four parameters answers errors only.
    if (isPassive(handle) || handle.length === 4) continue;
    const mount = mountPath(layer);
    const path = `${prefix}${mount ?? patternOf(layer)}`;
    const requirement = requirementOf(handle);
    if (requirement !== undefined) {
      // The router's own matching decides, tried on the pattern's text: `/admin` covers `/admin/:id`.
      const within = (full: string): boolean => mount === '' || Boolean(layer.match(full.slice(prefix.length)));
      if (coversOthers(requirement) && mount !== undefined) covers.push({ requirement, covers: within });
    } else if (Array.isArray(handle.stack)) {
      collect(handle.stack as readonly ExpressLayer[], path, covers, list);
    } else {
      const name = path === '' ? layer.name : `${path} ${layer.name}`;
      const cover = mount === undefined ? undefined : coverOf(path);
      if (cover === undefined) list.opaque('*', name);
      else list.route('*', name, cover);
    }
  }
}

/** Lists every route of an application or router, and what may answer without being one. */
export function auditRoutes(app: object): readonly RouteEntry[] {
  const { stack, _router, lazyrouter } = app as {
    stack?: unknown;
    _router?: { stack?: unknown };
    lazyrouter?: unknown;
  };
  // Express 4 throws when its application is asked for `router`.
  const root = stack ?? _router?.stack ?? (lazyrouter ? [] : (app as { router?: { stack?: unknown } }).router?.stack);
  if (!Array.isArray(root)) throw new TypeError('audit: give an Express application or router.');
  const layers = root as readonly ExpressLayer[];
  const list = createRouteList();
  // Express 4 begins every application with two functions of its own.
  const own = layers[0]?.name === 'query' && layers[1]?.name === 'expressInit' ? 2 : 0;
  collect(layers.slice(own), '', [], list);
  return list.entries;
}
