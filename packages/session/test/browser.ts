import { type AuthRequest, type Exchange, createMemoryStorage, type ResponseSink } from '@portcullis/core';
import { type FakeClock, fakeClock } from '@portcullis-internal/testkit';
import { createSessions, type Sessions, type SessionsOptions } from '../src/index.js';

export const origin = 'https://app.example.org';

export interface Cart {
  readonly items?: readonly string[];
  readonly count?: number;
}

/** A browser with one cookie jar: it keeps what Set-Cookie says and sends it back, with the headers a browser adds. */
export interface Browser {
  /** The next request. Method POST from our own page by default. */
  request(over?: {
    method?: string;
    url?: string;
    headers?: Record<string, string>;
    cookies?: readonly string[];
  }): AuthRequest;
  /** A request and a place for its response, which this browser then takes in. */
  exchange(over?: Parameters<Browser['request']>[0]): Exchange;
  /** The Set-Cookie fields seen so far. */
  readonly setCookies: string[];
  /** Every response header so far. */
  readonly responseHeaders: (readonly [string, string])[];
  jar: Map<string, string>;
  /** The session cookie's value. */
  value(): string | undefined;
  copy(): Browser;
}

export function browser(jar = new Map<string, string>()): Browser {
  const setCookies: string[] = [];
  const responseHeaders: (readonly [string, string])[] = [];
  const self: Browser = {
    jar,
    setCookies,
    responseHeaders,
    value: () => jar.get('__Host-sid'),
    copy: () => browser(new Map(jar)),
    request({ method = 'POST', url = '/', headers = { 'sec-fetch-site': 'same-origin' }, cookies } = {}) {
      const cookie = cookies ?? (jar.size > 0 ? [[...jar].map(([name, value]) => `${name}=${value}`).join('; ')] : []);
      const all = {
        'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
        ...headers,
      };
      const valuesOf = (name: string): readonly string[] =>
        name === 'cookie'
          ? cookie
          : Object.entries(all).flatMap(([key, value]) => (key.toLowerCase() === name ? [value] : []));
      return { method, url, ip: '192.0.2.7', header: (name) => valuesOf(name)[0], headerValues: valuesOf };
    },
    exchange(over) {
      const response: ResponseSink = {
        append(name, value) {
          responseHeaders.push([name, value]);
          if (name !== 'set-cookie') return;
          setCookies.push(value);
          const [, key = '', text = ''] = /^([^=]*)=([^;]*)/.exec(value) ?? [];
          if (/max-age=0/i.test(value)) jar.delete(key);
          else jar.set(key, text);
        },
      };
      return { request: self.request(over), response };
    },
  };
  return self;
}

export interface World {
  readonly clock: FakeClock;
  readonly storage: ReturnType<typeof createMemoryStorage>;
  readonly sessions: Sessions<Cart>;
  readonly events: ({ type: string } & Record<string, unknown>)[];
  /** Another process on the same storage. */
  another(): Sessions<Cart>;
}

const csrfKey: Uint8Array = Uint8Array.from({ length: 32 }, (_, i) => i * 7);

export function world(over: Partial<SessionsOptions<Cart>> = {}): World {
  const clock = fakeClock();
  const storage = createMemoryStorage({ clock });
  const make = () => createSessions<Cart>({ storage, clock, csrf: { origins: [origin], key: csrfKey }, ...over });
  const sessions = make();
  const events: World['events'] = [];
  sessions.on('*', (event) => events.push(event as never));
  return { clock, storage, sessions, events, another: make };
}

/** Who the authenticator says that a request is; `undefined` for anonymous. */
export async function whoIs(sessions: Sessions<Cart>, request: AuthRequest): Promise<string | undefined> {
  const authenticator = sessions.authenticator();
  if (!authenticator.claims(request)) return undefined;
  const result = await authenticator.authenticate(request);
  return result.outcome === 'authenticated' ? result.principal.id : undefined;
}
