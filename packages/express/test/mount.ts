import type { FrameworkHandlerContext, FrameworkRoute, MountFramework } from '@portcullis/conformance';
import type { Express, NextFunction, Request, Response, Router } from 'express';
import { expressGuard } from '../src/index.js';

/** What both versions of Express export, seen through the types of version 5. */
export interface ExpressModule {
  (): Express;
  Router(): Router;
}

function contextOf(req: Request, res: Response, next: NextFunction): FrameworkHandlerContext {
  const { id } = req.params;
  return {
    x: req,
    method: req.method,
    id: typeof id === 'string' ? id : undefined,
    inline: res.locals,
    setCookie: (field) => res.append('Set-Cookie', field),
    text: (body) => res.type('text/plain').send(body),
    stream(chunks) {
      for (const chunk of chunks) res.write(chunk);
      res.end();
    },
    raw: (status, fields, body) => res.writeHead(status, 'Made By Hand', fields.flat()).end(body),
    next,
  };
}

/** Mounts the suite's application. Express 4 does not look at what a handler returns, so its users hand rejections on. */
export function mountOn(express: ExpressModule): MountFramework {
  return (spec) => {
    const app = express();
    const g = expressGuard(spec.guard, { trustProxy: spec.trustProxy });
    const add = (
      router: Router | Express,
      { method, path, guard, handler, guardLast = false }: FrameworkRoute,
    ): void => {
      const handle = async (req: Request, res: Response, next: NextFunction): Promise<void> => {
        try {
          await handler(contextOf(req, res, next));
        } catch (error) {
          next(error);
        }
      };
      const guards = guard === undefined ? [] : [guard as typeof handle];
      const handlers = guardLast ? [handle, ...guards] : [...guards, handle];
      router.route(path)[method](...handlers);
    };

    app.use(function cors(_req, res, next) {
      for (const [name, value] of spec.fields) res.append(name, value);
      next();
    });
    if (spec.closed) app.use(g.closed());
    for (const { path, guard } of spec.uses(g)) app.use(path, guard as ReturnType<typeof g.open>);
    for (const route of spec.routes(g)) add(app, route);
    const nested = express.Router();
    for (const route of spec.nested(g)) add(nested, route);
    app.use('/nested', nested);
    if (spec.errors) app.use(g.errors());
    // Without it Express prints the error page's stack on the console.
    app.set('env', 'test');
    return { kit: g, app, listener: app };
  };
}
