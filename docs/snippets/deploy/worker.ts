import { createD1Storage, type D1Database } from '@portcullis/storage-sqlite/d1';
import { createApp } from './app.js';

interface Env {
  readonly DB: D1Database;
}

let app: ReturnType<typeof createApp> | undefined;

export default {
  async fetch(request: Request, env: Env, ctx: { waitUntil(work: Promise<unknown>): void }): Promise<Response> {
    // Cloudflare writes this field itself; no client can.
    app ??= createApp(
      createD1Storage(env.DB),
      (source) => (source as Request).headers.get('cf-connecting-ip') ?? undefined,
    );
    const response = await app.fetch(request, env, ctx);
    ctx.waitUntil(app.keys.flush()); // no timer outlives a request
    return response;
  },
};
