import { invalidOption } from '../errors/core-errors.js';
import type { Requirement } from '../guard/requirement.js';
import type { RouteEntry } from '../guard/route-audit.js';
import type { Policy } from '../policy/policy.js';
import { documentedRoutes, findRoute } from './documented-routes.js';
import { isObject, type Json, objectAt } from './json.js';
import { templateKey, templateParameters } from './path-templates.js';
import { addRefusals, refusalStatuses } from './refusal-responses.js';
import { addScopes, addSecuritySchemes, type DescribedAuthenticator } from './security-schemes.js';
import { isSameSecurity, securityOf } from './security-requirements.js';

/** An OpenAPI document, as far as its type matters here. */
export interface OpenApiDocument {
  /** `3.0.x`, `3.1.x` or `3.2.x`. */
  readonly openapi: string;
  readonly paths?: object | undefined;
  readonly components?: object | undefined;
}

/** What is read of a guard: `createGuard` makes one. */
export interface DescribedGuard {
  readonly authenticators: readonly DescribedAuthenticator[];
  readonly policy: Pick<Policy, 'scopesFor'>;
}

/** What `openapi` takes beside the routes. */
export interface OpenApiOptions<D extends OpenApiDocument> {
  /** What was written by hand, or by another tool. It is copied, not changed. */
  readonly document: D;
  readonly guard: DescribedGuard;
  /**
   * The path of the document's `servers` URL, as in `/api`: the document's paths stand behind it, and routes elsewhere are
   * left out. Default none.
   */
  readonly basePath?: string | undefined;
  /** What becomes of routes that the document lacks: told as findings, or `add`ed with what is known of them. Default `report`. */
  readonly missing?: 'report' | 'add' | undefined;
}

/** Where the document and the application are not the same. */
export interface OpenApiFinding {
  /**
   * - `undocumented`: a route that the document lacks
   * - `unserved`: an operation that no route serves
   * - `closed`: an operation whose route states no requirement, so that nothing is known of it
   * - `differs`: something written by hand that says another thing than the guard; it was left as it is
   */
  readonly kind: 'undocumented' | 'unserved' | 'closed' | 'differs';
  /** `GET /posts/{id}`, or the path of a component. */
  readonly at: string;
  /** What is wrong, and the mend. */
  readonly message: string;
}

/** What `openapi` gives. */
export interface OpenApiResult<D extends OpenApiDocument> {
  /** A copy of the document with what the guards say. */
  readonly document: D;
  /** Empty when document and application are the same: let a test say so. */
  readonly findings: readonly OpenApiFinding[];
}

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query'] as const;

function checkOptions({ document, basePath = '', missing = 'report' }: OpenApiOptions<OpenApiDocument>): void {
  if (!isObject(document) || !/^3\.[012]\.\d/.test(String(document['openapi'])))
    throw invalidOption('document', 'give an OpenAPI document of version 3.0, 3.1 or 3.2');
  if (typeof basePath !== 'string' || !/^(?:\/[^/{}?#]+)*$/.test(basePath))
    throw invalidOption('basePath', 'begin with a slash and end without one, as in /api');
  if (missing !== 'report' && missing !== 'add') throw invalidOption('missing', "use 'report' or 'add'");
}

/** What is known of an operation that nobody has written down: where it is, and that it answers. */
function bareOperation(path: string, item: Json): Json {
  const parameters = templateParameters(path).map((name) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  return {
    ...(parameters.length > 0 && item['parameters'] === undefined && { parameters }),
    responses: { '2XX': { description: 'Done.' } },
  };
}

/**
 * Writes what an application's guards ask, and how they refuse, into its OpenAPI document.
 *
 * Derived are `components.securitySchemes` from the guard's authenticators; each operation's `security` and `x-permission`;
 * and the responses 400, 401, 403, 404, 429 and 503 that its guard may give, with one `ProblemDetails` schema. What stands in
 * the document already is kept; where it contradicts a guard, that is a finding. Bodies, parameters and what handlers answer
 * by themselves are not derived, and path items that are references are not followed.
 *
 * @param routes what an adapter's `audit(app)` gives, or those of them that belong into this document
 * @throws {CoreError} `invalid_option` for a document of another version, or an authenticator that nothing describes
 * @see OpenAPI 3.1.1 section 4.8.30, RFC 9457
 */
export function openapi<const D extends OpenApiDocument>(
  routes: readonly RouteEntry[],
  options: OpenApiOptions<D>,
): OpenApiResult<D> {
  checkOptions(options);
  const { guard, basePath = '', missing = 'report' } = options;
  const document = structuredClone(options.document);
  const root = document as unknown as Json;
  const paths = objectAt(root, 'paths', 'paths');
  const components = objectAt(root, 'components', 'components');
  const schemes = addSecuritySchemes(
    guard.authenticators,
    objectAt(components, 'securitySchemes', 'components.securitySchemes'),
  );
  const scopeOf = (permission: string): string | undefined => guard.policy.scopesFor(permission)[0];
  const known = documentedRoutes(routes, basePath);
  const findings: OpenApiFinding[] = [];
  const differs = (at: string, what: string): number =>
    findings.push({ kind: 'differs', at, message: `${what} Mend it, or take it out to have it derived.` });

  for (const { name, contradicts } of schemes)
    if (contradicts)
      differs(`components.securitySchemes.${name}`, 'It says another place than the one its authenticator reads.');

  function describe(operation: Json, at: string, { method, asks }: { method: string; asks: Requirement }): void {
    const security = securityOf(asks, schemes, scopeOf);
    const permission = asks.kind === 'permission' ? asks.permission : undefined;
    const written = operation['security'];
    if (written === undefined) {
      operation['security'] = security;
      addScopes(schemes, security);
    } else if (!isSameSecurity(written, security)) {
      differs(at, `security is ${JSON.stringify(written)}, but the guard takes ${JSON.stringify(security)}.`);
    }
    const named = operation['x-permission'];
    if (named === undefined && permission !== undefined) operation['x-permission'] = permission;
    else if (JSON.stringify(named) !== JSON.stringify(permission))
      differs(
        at,
        `x-permission is ${JSON.stringify(named)}, but the guard asks ${JSON.stringify(permission) ?? 'none'}.`,
      );
    const responses = objectAt(operation, 'responses', `responses of ${at}`);
    addRefusals(responses, refusalStatuses(asks, method, schemes), components);
  }

  const served = new Set<RouteEntry>();
  for (const [path, item] of Object.entries(paths)) {
    if (path.startsWith('x-')) continue;
    if (!isObject(item)) throw invalidOption('document', `paths.${path} must be an object`);
    for (const method of methods) {
      if (item[method] === undefined) continue;
      const at = `${method.toUpperCase()} ${path}`;
      const operation = objectAt(item, method, at);
      const route = findRoute(known, path, method);
      if (route === undefined) {
        findings.push({ kind: 'unserved', at, message: 'No route serves it. Take it out, or mend its path.' });
        continue;
      }
      served.add(route.entry);
      const { asks } = route.entry;
      if (asks !== undefined) describe(operation, at, { method, asks });
      else findings.push({ kind: 'closed', at, message: 'Its route states no requirement. Put a guard before it.' });
    }
  }

  for (const { entry, templates, takesRest } of known) {
    if (served.has(entry)) continue;
    const { asks } = entry;
    const method = methods.find((name) => name.toUpperCase() === entry.method);
    if (missing === 'report' || templates.length === 0 || method === undefined || takesRest || asks === undefined) {
      const at = `${entry.method} ${templates[0] ?? entry.path}`;
      findings.push({ kind: 'undocumented', at, message: 'The document has no operation for it.' });
      continue;
    }
    for (const template of templates) {
      // The same path with other names of its parameters would be a second one, which OpenAPI forbids.
      const path = Object.keys(paths).find((each) => templateKey(each) === templateKey(template)) ?? template;
      const item = objectAt(paths, path, `paths.${path}`);
      // A second route of the same method and path: the first one answers.
      if (item[method] !== undefined) continue;
      const operation = bareOperation(path, item);
      item[method] = operation;
      describe(operation, `${entry.method} ${path}`, { method, asks });
    }
  }
  return { document, findings };
}
