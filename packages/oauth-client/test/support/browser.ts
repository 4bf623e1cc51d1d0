import type { Exchange, HeaderField } from '@portcullis/core';

/** A user agent that keeps cookies as a browser does, as far as sign-in needs it. */
export interface Browser {
  readonly cookies: Map<string, string>;
  /** One request with the browser's cookies. What the response sets is kept. */
  visit(
    url: string,
    options?: { readonly method?: string; readonly headers?: Readonly<Record<string, string>> },
  ): Exchange & {
    readonly appended: HeaderField[];
  };
}

export function createBrowser(): Browser {
  const cookies = new Map<string, string>();
  return {
    cookies,
    visit(url, { method = 'GET', headers = {} } = {}) {
      const fields: Record<string, string> = { ...headers };
      if (cookies.size > 0) fields['cookie'] = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const appended: HeaderField[] = [];
      return {
        appended,
        request: {
          method,
          url,
          ip: '203.0.113.7',
          header: (name) => fields[name],
          headerValues: (name) => (fields[name] === undefined ? [] : [fields[name]]),
        },
        response: {
          append(name, value) {
            appended.push([name, value]);
            if (name !== 'set-cookie') return;
            const [pair = '', ...attributes] = value.split('; ');
            const at = pair.indexOf('=');
            if (attributes.includes('Max-Age=0')) cookies.delete(pair.slice(0, at));
            else cookies.set(pair.slice(0, at), pair.slice(at + 1));
          },
        },
      };
    },
  };
}
