import type { ProviderRegistration } from '@portcullis/oauth-client';
import { github, google, openidProfile } from '@portcullis/oauth-client/providers';
import { type Config, type Site, StartupError } from './config.js';
import { type DemoProvider, startDemoProvider } from './demo-id/demo-provider.js';

/** The providers that are configured, by the names that routes and records have. */
export interface IdentityProviders {
  readonly registrations: Readonly<Record<string, ProviderRegistration>>;
  /** Runs on this machine, for development. */
  readonly demo: DemoProvider | undefined;
}

const known = { google, github };

/** `GOOGLE_CLIENT_ID` and `GOOGLE_CLIENT_SECRET` turn Google on, and so for the others. */
function configured(env: NodeJS.ProcessEnv): Record<string, ProviderRegistration> {
  const entries = Object.entries(known).flatMap(([name, provider]) => {
    const prefix = name.toUpperCase();
    const [clientId, secret] = [env[`${prefix}_CLIENT_ID`], env[`${prefix}_CLIENT_SECRET`]];
    if (!clientId && !secret) return [];
    if (!clientId || !secret) throw new StartupError(`${prefix}_CLIENT_ID, ${prefix}_CLIENT_SECRET: give both or none`);
    return [[name, { provider, clientId, credential: { secret } }] as const];
  });
  return Object.fromEntries(entries);
}

const demoRegistration = ({ issuer, clientId, clientSecret }: DemoProvider): ProviderRegistration => ({
  // A provider of one's own takes no more than this.
  provider: {
    id: 'demo',
    label: 'Demo ID',
    issuer,
    discovery: 'oidc',
    openid: true,
    scopes: ['openid', 'profile', 'email'],
    // It asks anew each time, so that one can be several people.
    authorizationParameters: { prompt: 'login' },
    profile: openidProfile,
  },
  clientId,
  credential: { secret: clientSecret },
});

async function startDemo({ demoPort }: Config, site: Site): Promise<DemoProvider> {
  const redirectUris = [`${site.url}/auth/demo/callback`];
  try {
    return await startDemoProvider({ port: demoPort.port, redirectUris });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    if (demoPort.isChosen) throw new StartupError(`DEMO_ID_PORT: ${demoPort.port} is taken`);
    return startDemoProvider({ port: 0, redirectUris });
  }
}

/** Reads the environment, and starts Demo ID where that is allowed. */
export async function openIdentityProviders(
  env: NodeJS.ProcessEnv,
  config: Config,
  site: Site,
): Promise<IdentityProviders> {
  const registrations = configured(env);
  if (!config.demoId) return { registrations, demo: undefined };
  const demo = await startDemo(config, site);
  return { registrations: { demo: demoRegistration(demo), ...registrations }, demo };
}
