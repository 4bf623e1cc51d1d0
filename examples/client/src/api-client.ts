/** An answer, its body parsed. */
export interface Answer<Body = Problem> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** RFC 9457, as the examples answer every error. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly code: string;
}

export interface Me {
  readonly principal: { readonly kind: string; readonly id: string };
  readonly credential: { readonly scheme: string; readonly id: string; readonly scopes?: readonly string[] };
  readonly permissions: readonly string[];
}

export interface Post {
  readonly id: number;
  readonly authorId: string;
  readonly title: string;
  readonly body: string;
  readonly createdAt: number;
}

export interface KeySummary {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
  readonly scopes?: readonly string[];
  readonly expiresAt?: number;
  readonly lastUsedAt?: number;
  readonly revokedAt?: number;
}

/** A key just made: its plaintext is there this once. */
export interface IssuedKey extends KeySummary {
  readonly key: string;
}

export interface Route {
  readonly method: string;
  readonly path: string;
  readonly state: 'guarded' | 'open' | 'closed' | 'opaque';
  readonly requirement?: string;
}

export interface CallOptions {
  /** Sent as `application/json`. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly raw?: BodyInit;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A client of the API, as the holder of one key. */
export interface ApiClient {
  call<Body = Problem>(method: string, path: string, options?: CallOptions): Promise<Answer<Body>>;
}

/** @param key sent as a Bearer token; without it nothing is sent. */
export function createClient(url: string, key?: string): ApiClient {
  return {
    async call<Body>(method: string, path: string, { json, raw, headers }: CallOptions = {}): Promise<Answer<Body>> {
      const response = await fetch(new URL(path, url), {
        method,
        headers: {
          ...(key !== undefined && { authorization: `Bearer ${key}` }),
          ...(json !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        body: raw ?? (json === undefined ? null : JSON.stringify(json)),
      });
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        body: (text === '' ? undefined : JSON.parse(text)) as Body,
      };
    },
  };
}
