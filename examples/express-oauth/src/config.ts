/** What the environment says of the provider, and of this application there. */
export interface Config {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The provider's API, which tokens are for. */
  readonly api: string;
  /** Seals what the provider gave. */
  readonly encryptionKey: string;
}

export function readConfig(env: NodeJS.ProcessEnv): Config {
  const need = (name: string): string => {
    const value = env[name];
    if (!value) throw new Error(`express-oauth: set ${name}; the README says how`);
    return value;
  };
  const issuer = env['ISSUER'] || 'http://127.0.0.1:8090';
  return {
    issuer,
    clientId: env['CLIENT_ID'] || 'app',
    clientSecret: need('CLIENT_SECRET'),
    api: env['API'] || `${issuer}/api`,
    encryptionKey: need('ENCRYPTION_KEY'),
  };
}
