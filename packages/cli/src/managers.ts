import { type ApiKeys, createApiKeys } from '@portcullis/api-key';
import { createSessions, type Sessions } from '@portcullis/session';
import type { CommandContext } from './command.js';
import { UsageError } from './failures.js';

// Nothing is verified here: taking keys over only asks that there is one.
const parseImported = (): undefined => undefined;

/** The application's API keys, as its configuration makes them. `issues` for a command that makes plaintext: that needs the real brand. */
export async function openApiKeys(context: CommandContext, issues: boolean): Promise<ApiKeys> {
  const { apiKeys } = await context.config();
  const storage = await context.openShared();
  const { clock } = context;
  if (apiKeys !== undefined)
    return createApiKeys<string>({ clock, parseImported, ...apiKeys, lastUsed: false, storage });
  const brand = issues ? context.given.text('brand') : 'unused';
  if (brand === undefined)
    throw new UsageError(
      "Without apiKeys in the configuration, say what the keys begin with: --brand NAME, as the application's createApiKeys has it.",
    );
  const environment = issues ? context.given.text('environment') : undefined;
  const environments = environment === undefined ? ['live', 'test'] : [environment];
  return createApiKeys<string>({
    storage,
    brand,
    environments,
    clock,
    defaultScopes: [],
    lastUsed: false,
    parseImported,
  });
}

/** The application's sessions, as its configuration makes them. */
export async function openSessions(context: CommandContext): Promise<Sessions<never>> {
  const { sessions } = await context.config();
  const storage = await context.openShared();
  // Listing and ending read no request, so that it does not matter which origins requests may come from.
  return createSessions<never>({
    clock: context.clock,
    ...(sessions ?? { csrf: { origins: ['http://localhost'] } }),
    storage,
  });
}
