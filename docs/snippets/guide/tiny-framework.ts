import type { IncomingMessage, ServerResponse } from 'node:http';

/** What a handler gets. */
export interface TinyContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly path: string;
  params: Readonly<Record<string, string>>;
  /** For whatever runs before a handler to leave something. */
  readonly state: Record<string | symbol, unknown>;
}

export type Next = () => Promise<void>;
export type TinyHandler = (ctx: TinyContext, next: Next) => unknown;

export interface TinyLayer {
  /** `undefined` for middleware, which runs for its path and all below it. */
  readonly method: string | undefined;
  readonly path: string;
  readonly handlers: readonly TinyHandler[];
}

/** The parameters by which a pattern matches, `undefined` when it does not. */
function match({ method, path }: TinyLayer, parts: readonly string[]): Record<string, string> | undefined {
  const pattern = path === '/' ? [''] : path.split('/');
  if (method === undefined ? parts.length < pattern.length : parts.length !== pattern.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, want] of pattern.entries()) {
    const part = parts[at] ?? '';
    if (!want.startsWith(':') && want !== part) return undefined;
    if (!want.startsWith(':')) continue;
    try {
      params[want.slice(1)] = decodeURIComponent(part);
    } catch {
      return undefined;
    }
  }
  return params;
}

/** The error page, unless an application has its own. */
export function failed(_error: unknown, { res }: TinyContext): void {
  if (!res.headersSent) res.writeHead(500);
  res.end();
}

/** A framework of some 60 lines: layers in order, a hook before each route that matched, and an error handler. */
export function tiny() {
  const layers: TinyLayer[] = [];
  const app = {
    layers: layers as readonly TinyLayer[],
    /** Called before the handlers of a route that matched. Whoever does not call `next` has answered. */
    beforeRoute: undefined as ((layer: TinyLayer, ctx: TinyContext, next: Next) => unknown) | undefined,
    onError: failed,
    use: (path: string, ...handlers: TinyHandler[]) => void layers.push({ method: undefined, path, handlers }),
    on: (method: string, path: string, ...handlers: TinyHandler[]) => void layers.push({ method, path, handlers }),

    async listener(req: IncomingMessage, res: ServerResponse): Promise<void> {
      const [path = ''] = (req.url ?? '').split('?');
      const ctx: TinyContext = { req, res, path, params: {}, state: {} };
      const parts = path.split('/');
      const found = layers.flatMap((layer) => {
        const params = match(layer, parts);
        return params === undefined ? [] : [{ layer, params }];
      });
      const methods = req.method === 'HEAD' ? ['HEAD', 'GET', '*'] : [req.method, '*'];
      const wanted = found.filter(({ layer: { method } }) => method === undefined || methods.includes(method));
      const steps = wanted.flatMap(({ layer, params }): TinyHandler[] => {
        const enter: TinyHandler = (_ctx, next) => {
          ctx.params = params;
          return layer.method === undefined || app.beforeRoute === undefined
            ? next()
            : app.beforeRoute(layer, ctx, next);
        };
        return [enter, ...layer.handlers];
      });
      const run = async (at: number): Promise<void> => {
        const step = steps[at];
        if (step !== undefined) await step(ctx, () => run(at + 1));
        else res.writeHead(req.method === 'OPTIONS' && found.length > 0 ? 204 : 404).end();
      };
      try {
        await run(0);
      } catch (error) {
        app.onError(error, ctx);
      }
    },
  };
  return app;
}

export type TinyApp = ReturnType<typeof tiny>;
