import { type FakeClock, fakeClock } from '@portcullis-internal/testkit';
import type { Connection } from '../../src/connection/connection.js';
import { createConnection } from '../../src/connection/create-connection.js';
import type { ClientCredential, Provider } from '../../src/provider.js';
import { formOf, testProvider } from './test-provider.js';

const issuer = 'https://id.example.com';

/** What comes to an authorization server that a test plays. */
export interface Asked {
  readonly url: string;
  readonly form: URLSearchParams;
  readonly headers: Headers;
}

/** A connection to a server that answers what the test says. */
export function tokenEndpoint(
  answer: (asked: Asked) => object | Promise<object>,
  {
    clock = fakeClock(),
    credential = { secret: 'secret' } as ClientCredential,
    provider = testProvider() as Provider,
    metadata = {},
  } = {},
): { readonly connection: Connection; readonly asked: Asked[]; readonly clock: FakeClock } {
  const asked: Asked[] = [];
  const connection = createConnection(
    'example',
    { provider, clientId: 'app', credential },
    {
      clock,
      async fetch(url, init = {}) {
        if (url.includes('/.well-known/')) {
          return Response.json({
            issuer,
            token_endpoint: `${issuer}/token`,
            introspection_endpoint: `${issuer}/introspect`,
            device_authorization_endpoint: `${issuer}/device`,
            ...metadata,
          });
        }
        const one = { url, form: formOf(init), headers: new Headers(init.headers) };
        asked.push(one);
        const given = await answer(one);
        return given instanceof Response ? given : Response.json(given);
      },
    },
  );
  return { connection, asked, clock };
}

/** An error of RFC 6749 section 5.2. */
export const refusal = (error: string, status = 400): Response => Response.json({ error }, { status });
