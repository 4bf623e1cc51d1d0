import { resolve } from 'node:path';

/** What the environment says. */
export interface Config {
  /** 0 picks a free port. */
  readonly port: number;
  readonly dataDir: string;
  /** Where browsers find the service. Without it: where it listens. */
  readonly publicUrl: string | undefined;
  /** Whether Demo ID runs, which believes whatever it is told: never in production, nor where others could reach it. */
  readonly demoId: boolean;
  /** Demo ID's port, and whether somebody asked for it. */
  readonly demoPort: { readonly port: number; readonly isChosen: boolean };
}

/** A mistake of whoever starts the server: its one line says how to mend it, and a stack would only hide that. */
export class StartupError extends Error {}

export function readConfig(env: NodeJS.ProcessEnv): Config {
  const port = portOf('PORT', env['PORT'] || '8080');
  const publicUrl = env['PUBLIC_URL'] || undefined;
  if (publicUrl !== undefined && !isOrigin(publicUrl))
    throw new StartupError('PUBLIC_URL: give an https origin, as in https://blog.example.org');
  const chosen = env['DEMO_ID_PORT'] || undefined;
  return {
    port,
    dataDir: resolve(env['DATA_DIR'] || '.data'),
    publicUrl,
    demoId: publicUrl === undefined && env['NODE_ENV'] !== 'production' && env['DEMO_ID'] !== 'off',
    demoPort: {
      port: chosen === undefined ? (port === 0 || port === 65_535 ? 0 : port + 1) : portOf('DEMO_ID_PORT', chosen),
      isChosen: chosen !== undefined,
    },
  };
}

function portOf(variable: string, text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new StartupError(`${variable}: give a number from 0 to 65535`);
  }
  return Number(text);
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
