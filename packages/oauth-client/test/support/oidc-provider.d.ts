// The package has no types of its own; this is what the tests use of it.
declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http';

  interface Model {
    save(): Promise<string>;
    [field: string]: unknown;
  }

  export default class Provider {
    constructor(issuer: string, configuration: object);
    proxy: boolean;
    callback(): RequestListener;
    use(middleware: (context: unknown, next: () => Promise<void>) => Promise<void>): void;
    on(event: string, listener: (...values: never[]) => void): void;
    readonly Grant: new (
      fields: object,
    ) => Model & { addOIDCScope(scope: string): void };
    readonly DeviceCode: { findByUserCode(code: string): Promise<Model | undefined> };
    readonly Client: { find(id: string): Promise<unknown> };
  }
}
