import { readdirSync, readFileSync } from 'node:fs';
import type { Profile, ProfileSources, Provider } from '../../src/provider.js';
import * as providers from '../../src/providers/index.js';

/** A provider with what its documentation says it answers; values are made up. */
export interface ProviderFixture {
  readonly name: string;
  readonly provider: Provider;
  readonly documentation: string;
  readonly sources: ProfileSources;
  readonly profile: Omit<Profile, 'issuer'>;
  /** Where in `sources` the provider says that it checked the address. */
  readonly statement?: readonly (string | number)[];
}

interface FixtureFile {
  readonly documentation: string;
  readonly export?: string;
  readonly options?: object;
  readonly sources: Partial<ProfileSources>;
  readonly profile: Omit<Profile, 'issuer'>;
  readonly statement?: readonly (string | number)[];
}

const folder = new URL('../providers/', import.meta.url);

function recordOf(name: string, options: object | undefined): Provider {
  const exported = (providers as Readonly<Record<string, unknown>>)[name];
  return typeof exported === 'function'
    ? (exported as (options: unknown) => Provider)(options)
    : (exported as Provider);
}

export const providerFixtures: readonly ProviderFixture[] = readdirSync(folder)
  .sort()
  .map((file) => {
    const fixture = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as FixtureFile;
    const name = fixture.export ?? file.replace('.json', '');
    return {
      name,
      provider: recordOf(name, fixture.options),
      documentation: fixture.documentation,
      sources: { claims: {}, userInfo: [], token: {}, callback: {}, ...fixture.sources },
      profile: fixture.profile,
      ...(fixture.statement === undefined ? {} : { statement: fixture.statement }),
    };
  });

/** A copy of the sources with one value replaced. */
export function withValue(sources: ProfileSources, path: readonly (string | number)[], value: unknown): ProfileSources {
  const copy = structuredClone(sources);
  const last = path.at(-1) as string;
  let at = copy as unknown as Record<string, unknown>;
  for (const step of path.slice(0, -1)) at = at[step] as Record<string, unknown>;
  at[last] = value;
  return copy;
}
