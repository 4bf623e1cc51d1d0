import { invalidOption } from '@portcullis/core';

// `:id`, `:id?`, `:id(\\d+)` and `:id{[0-9]+}`: as Express, Koa, Fastify and Hono write them.
const parameter = /:(\w+)(?:\([^)]*\)|\{[^}]*\})?\??/g;
const wildcard = /\*\w*$/;

/** A route's pattern with its parameters filled in, each encoded. @throws {CoreError} `invalid_option` for one that is missing. */
export function fillPath(pattern: string, parameters: Readonly<Record<string, string>>): string {
  const valueOf = (name: string): string => {
    const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (value === undefined) throw invalidOption('parameters', `${pattern} needs a value for "${name}".`);
    return value;
  };
  return pattern
    .replace(parameter, (_all, name: string) => encodeURIComponent(valueOf(name)))
    .replace(wildcard, () => valueOf('*'));
}
