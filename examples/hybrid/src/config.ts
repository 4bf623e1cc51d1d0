import { resolve } from 'node:path';

/** What the environment says. */
export interface Config {
  /** 0 picks a free port. */
  readonly port: number;
  readonly dataDir: string;
  /** Where browsers find the service. Without it: where it listens. */
  readonly publicUrl: string | undefined;
}

/** A mistake of whoever starts the server: its one line says how to mend it, and a stack would only hide that. */
export class StartupError extends Error {}

export function readConfig(env: NodeJS.ProcessEnv): Config {
  const port = env['PORT'] || '8080';
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new StartupError('PORT: give a number from 0 to 65535');
  const publicUrl = env['PUBLIC_URL'] || undefined;
  if (publicUrl !== undefined && !isOrigin(publicUrl))
    throw new StartupError('PUBLIC_URL: give an https origin, as in https://blog.example.org');
  return { port: Number(port), dataDir: resolve(env['DATA_DIR'] || '.data'), publicUrl };
}

/** Plain http is for this machine only: a browser keeps no Secure cookie of any other. */
function isOrigin(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, origin } = new URL(url);
  return (
    origin === url && (protocol === 'https:' || (protocol === 'http:' && /^(?:localhost|127\.0\.0\.1)$/.test(hostname)))
  );
}

/** Where the service is: what it calls itself in tokens, and the origins of its own pages. */
export interface Site {
  readonly url: string;
  readonly origins: readonly [string, ...string[]];
}

export function siteOf({ publicUrl }: Config, port: number): Site {
  if (publicUrl !== undefined) return { url: publicUrl, origins: [publicUrl] };
  const url = `http://127.0.0.1:${port}`;
  return { url, origins: [url, `http://localhost:${port}`] };
}
