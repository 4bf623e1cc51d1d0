/** A user agent over real HTTP: one cookie jar for each origin, redirects followed one at a time. */
export interface UserAgent {
  /** One request, with the cookies of its origin unless `credentials` is `omit`. */
  send(url: string, init?: RequestInit): Promise<Response>;
  /** Follows redirects from `url` until an answer is none, or leads to where `until` says. Gives that address, and the answer unless it stopped short. */
  follow(
    url: string,
    until?: (url: string) => boolean,
  ): Promise<{ readonly url: string; readonly response?: Response }>;
}

export function userAgent(): UserAgent {
  const jars = new Map<string, Map<string, string>>();
  const agent: UserAgent = {
    async send(url, init = {}) {
      const { origin } = new URL(url);
      const jar = jars.get(origin) ?? new Map<string, string>();
      jars.set(origin, jar);
      const headers = new Headers(init.headers);
      if (jar.size > 0 && init.credentials !== 'omit')
        headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
      const response = await fetch(url, { ...init, headers, redirect: 'manual' });
      for (const field of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(field) ?? [];
        if (value === '') jar.delete(name);
        else jar.set(name, value);
      }
      return response;
    },
    async follow(url, until = () => false) {
      let at = url;
      for (let step = 0; step < 12; step++) {
        if (until(at)) return { url: at };
        const response = await agent.send(at);
        const location = response.headers.get('location');
        if (location === null) return { url: at, response };
        at = new URL(location, at).href;
      }
      throw new Error('Too many redirects.');
    },
  };
  return agent;
}
