export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

/** Where the phone keeps them: its keychain or keystore, never a file or the preferences. */
export interface TokenStore {
  load(): Promise<Tokens | undefined>;
  save(tokens: Tokens | undefined): Promise<void>;
}

/** A fetch for a phone: renews the access token when it is refused, once for all calls that wait. */
export function createApiFetch(url: string, store: TokenStore, fetch = globalThis.fetch) {
  let refreshing: Promise<string | undefined> | undefined;

  async function refresh(refreshToken: string): Promise<string | undefined> {
    const body = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'phone',
      refresh_token: refreshToken,
    });
    const response = await fetch(`${url}/token`, { method: 'POST', body });
    const answer = (await response.json()) as Tokens & { readonly error?: string };
    if (answer.error === 'invalid_grant') {
      await store.save(undefined); // over: show the sign-in
      return undefined;
    }
    // An outage says nothing about the login. Keep the tokens and try again later.
    if (!response.ok) throw new Error('The server cannot be asked now.');
    await store.save(answer); // before it is used: the old refresh token is good for some seconds more, and no longer
    return answer.access_token;
  }

  return async (path: string, init: RequestInit = {}): Promise<Response | 'signed out'> => {
    const held = await store.load();
    if (held === undefined) return 'signed out';
    const send = (token: string): Promise<Response> => {
      const headers = new Headers(init.headers);
      headers.set('authorization', `Bearer ${token}`);
      return fetch(`${url}${path}`, { ...init, headers });
    };
    const response = await send(held.access_token);
    if (response.status !== 401) return response;
    refreshing ??= refresh(held.refresh_token).finally(() => (refreshing = undefined));
    const token = await refreshing;
    return token === undefined ? 'signed out' : send(token);
  };
}
