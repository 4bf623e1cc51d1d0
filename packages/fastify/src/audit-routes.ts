import type { Requirement, RouteEntry } from '@portcullis/core';
import { coversOthers, createRouteList, isPassive, requirementOf, type RouteList } from '@portcullis/core/adapter';
import { addedRoutes, type FastifyScope, firstHandle } from './closed-routes.js';

/** What `assertClosed` takes. */
export interface AssertClosedOptions {
  /** Names of the opaque entries that may answer: exactly those, so that a stale one is found too. */
  readonly acknowledge?: readonly string[];
}

type Hook = (...args: never[]) => unknown;

/** Stages before the handler, in which a hook may answer. */
const stages = ['onRequest', 'preParsing', 'preValidation', 'preHandler'] as const;

type ScopeHooks = Readonly<Partial<Record<(typeof stages)[number], readonly Hook[]>>>;

/** Fastify keeps the hooks of a scope, those of the scopes around it among them, under a symbol that it does not export. */
function hooksOf(scope: FastifyScope): ScopeHooks | undefined {
  for (let at: object | null = scope; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const key = Object.getOwnPropertySymbols(at).find(({ description }) => description === 'fastify.hooks');
    if (key !== undefined) return (at as Record<symbol, ScopeHooks>)[key];
  }
  return undefined;
}

/** What a guard of the scope or of one around it requires of every route in it. */
function coverOf({ onRequest = [] }: ScopeHooks): Requirement | undefined {
  return onRequest.map(requirementOf).find(coversOthers);
}

/** The hooks of a scope that may answer, each listed where it was met first. */
function listHooks({ prefix }: FastifyScope, hooks: ScopeHooks, seen: Set<Hook>, list: RouteList): void {
  let cover: Requirement | undefined;
  for (const stage of stages) {
    for (const hook of hooks[stage] ?? []) {
      const requirement = requirementOf(hook);
      if (stage === 'onRequest' && coversOthers(requirement)) cover ??= requirement;
      if (requirement !== undefined || isPassive(hook) || seen.has(hook)) continue;
      seen.add(hook);
      const name = `${prefix} ${hook.name || '<anonymous>'}`.trim();
      if (cover === undefined) list.opaque('*', name);
      else list.route('*', name, cover);
    }
  }
}

/** `app.all` registers every method there is. */
function methodsOf(method: string | readonly string[]): readonly string[] {
  const methods = [method].flat();
  return methods.length > 7 ? ['*'] : methods;
}

/** Lists every route that was added behind `closed()`, and what may answer without being one. */
export function auditRoutes(app: object): readonly RouteEntry[] {
  const root = app as FastifyScope;
  const hooksOfRoot = typeof root.server === 'object' ? hooksOf(root) : undefined;
  if (hooksOfRoot === undefined) throw new TypeError('audit: give a Fastify instance.');
  const routes = addedRoutes(root);
  if (routes === undefined)
    throw new TypeError(
      "audit: Fastify lists no routes of itself; add app.addHook('onRoute', g.closed()) before them.",
    );
  const list = createRouteList();
  const seen = new Set<Hook>();
  listHooks(root, hooksOfRoot, seen, list);
  const methods = new Map<string, Set<string>>();
  for (const { scope, route } of routes) {
    const hooks = hooksOf(scope) ?? hooksOfRoot;
    listHooks(scope, hooks, seen, list);
    const before = methods.get(route.url) ?? new Set();
    methods.set(route.url, before);
    for (const method of methodsOf(route.method)) {
      // HEAD inherits GET's requirement: Fastify adds it with GET's own hooks.
      if (method === 'HEAD' && (before.has('GET') || before.has('*'))) continue;
      before.add(method);
      list.route(method, route.url, requirementOf(firstHandle(route)) ?? coverOf(hooks));
    }
  }
  return list.entries;
}
