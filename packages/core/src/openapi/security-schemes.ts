import { invalidOption } from '../errors/core-errors.js';
import type { Authenticator, CredentialPlace } from '../guard/authenticator.js';
import type { Requirement } from '../guard/requirement.js';
import { isObject, type Json, objectAt } from './json.js';

/** What is read of an authenticator. */
export type DescribedAuthenticator = Pick<Authenticator, 'scheme' | 'transport' | 'challenge' | 'description'>;

/** An entry of `components.securitySchemes`, and the authenticator that it stands for. */
export interface SecurityScheme {
  readonly name: string;
  readonly object: Json;
  readonly authenticator: DescribedAuthenticator;
  /** OAuth 2 and OpenID Connect: the only kinds in which a document names scopes. */
  readonly hasScopes: boolean;
  /** It was written by hand, and says another place than the one that the authenticator reads. */
  readonly contradicts: boolean;
}

function placesOf({ description, challenge }: DescribedAuthenticator): readonly CredentialPlace[] {
  if (description !== undefined) return description.places;
  const asked = challenge();
  if (asked === undefined) return [];
  const cookie = asked.scheme.toLowerCase() === 'cookie' ? asked.params['cookie-name'] : undefined;
  return [cookie === undefined ? { in: 'authorization', scheme: asked.scheme } : { in: 'cookie', name: cookie }];
}

function schemeOf(place: CredentialPlace, { transport }: DescribedAuthenticator): Json {
  const ambient = transport === 'ambient' && {
    description: 'The browser sends it by itself, so what changes something must come from our own pages.',
  };
  if (place.in !== 'authorization') return { type: 'apiKey', in: place.in, name: place.name, ...ambient };
  const { scheme, format } = place;
  return {
    type: 'http',
    scheme: scheme.toLowerCase(),
    ...(format !== undefined && { bearerFormat: format }),
    ...ambient,
  };
}

/** Of another type it was written on purpose: a Bearer token that an OAuth 2 flow gives. */
function contradicts(written: Json, derived: Json | undefined): boolean {
  if (derived === undefined || written['type'] !== derived['type']) return false;
  return ['scheme', 'in', 'name'].some(
    (member) => String(written[member]).toLowerCase() !== String(derived[member]).toLowerCase(),
  );
}

/**
 * Puts what the authenticators read into `schemes`, where nothing has that name yet: the first place of each has the
 * authenticator's own, others `<scheme>-header` or `<scheme>-cookie`.
 * @throws {CoreError} `invalid_option` for an authenticator that nothing describes: without a scheme its routes would look open.
 */
export function addSecuritySchemes(
  authenticators: readonly DescribedAuthenticator[],
  schemes: Json,
): readonly SecurityScheme[] {
  const names = new Set<string>();
  return authenticators.flatMap((authenticator): readonly SecurityScheme[] => {
    const own = authenticator.scheme.replace(/[^\w.-]/g, '-');
    const places = placesOf(authenticator);
    if (places.length === 0 && schemes[own] === undefined)
      throw invalidOption(
        'guard',
        `"${own}" has neither a description nor a challenge; give it one, or write components.securitySchemes.${own}`,
      );
    return (places.length === 0 ? [undefined] : places).map((place, at) => {
      const wanted = at === 0 || place === undefined ? own : `${own}-${place.in}`;
      let name = wanted;
      for (let count = 2; names.has(name); count++) name = `${wanted}-${count}`;
      names.add(name);
      const derived = place && schemeOf(place, authenticator);
      if (derived !== undefined) schemes[name] ??= derived;
      const object = objectAt(schemes, name, `components.securitySchemes.${name}`);
      const hasScopes = object['type'] === 'oauth2' || object['type'] === 'openIdConnect';
      return { name, object, authenticator, hasScopes, contradicts: contradicts(object, derived) };
    });
  });
}

/** The schemes that a requirement takes. */
export function acceptedSchemes(
  requirement: Exclude<Requirement, { kind: 'open' }>,
  schemes: readonly SecurityScheme[],
): readonly SecurityScheme[] {
  const wanted = requirement.schemes;
  return wanted === undefined ? schemes : schemes.filter(({ authenticator }) => wanted.includes(authenticator.scheme));
}

/** Adds scopes that an operation names to each flow of their scheme, where none of its flows has them: OpenAPI asks for that. */
export function addScopes(
  schemes: readonly SecurityScheme[],
  security: readonly Readonly<Record<string, readonly string[]>>[],
): void {
  for (const { name, object } of schemes) {
    const flows = isObject(object['flows']) ? Object.values(object['flows']).filter(isObject) : [];
    const lists = flows.map((flow) => objectAt(flow, 'scopes', `scopes of components.securitySchemes.${name}`));
    for (const scope of security.flatMap((one) => one[name] ?? [])) {
      if (lists.some((list) => Object.hasOwn(list, scope))) continue;
      for (const list of lists) list[scope] = '';
    }
  }
}
