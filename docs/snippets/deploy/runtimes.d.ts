// What the programs here use of runtimes whose own types are not installed in this repository.
declare module 'bun:sqlite' {
  import type { SqliteStatement } from '@portcullis/storage-sqlite';

  export class Database {
    constructor(file: string);
    prepare(sql: string): SqliteStatement;
    exec(sql: string): unknown;
    close(): void;
  }
}

declare module 'node:sqlite' {
  import type { SqliteStatement } from '@portcullis/storage-sqlite';

  export class DatabaseSync {
    constructor(file: string);
    prepare(sql: string): SqliteStatement;
    exec(sql: string): unknown;
    close(): void;
  }
}

interface BunServer {
  readonly port: number;
  requestIP(request: Request): { readonly address: string } | null;
  stop(): Promise<void>;
}

declare const Bun: {
  serve(options: { port: number; fetch(request: Request, server: BunServer): Promise<Response> }): BunServer;
};

interface DenoServeInfo {
  readonly remoteAddr: { readonly hostname: string };
}

declare const Deno: {
  serve(
    options: { port: number; onListen(address: { readonly port: number }): void },
    handler: (request: Request, info: DenoServeInfo) => Promise<Response>,
  ): { shutdown(): Promise<void> };
};
