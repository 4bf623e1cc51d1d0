import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { closedCases } from './cases/closed-cases.js';
import { errorCases } from './cases/error-cases.js';
import { outcomeCases } from './cases/outcome-cases.js';
import { responseCases } from './cases/response-cases.js';
import type { FrameworkCase, FrameworkContext, FrameworkServer } from './framework-case.js';
import type { FrameworkSpec, MountFramework } from './framework-spec.js';
import { type FrameworkTestId, frameworkTestIds } from './framework-test-ids.js';
import { sendRaw } from './raw-client.js';
import { suiteApp, type SuiteLog } from './suite-app.js';

/** Tests that a framework cannot pass, and why. @beta */
export interface FrameworkSkip {
  /** A sentence that a user of the framework would understand; it is printed with each skipped test. */
  readonly reason: string;
  readonly tests: readonly FrameworkTestId[];
}

/** The adapter under test. @beta */
export interface FrameworkSuiteOptions {
  /** What the tests are listed under: the framework and its version. */
  readonly name: string;
  /** Makes an application as specified, with the adapter's guard made of the guard given. Called twice. */
  readonly mount: MountFramework;
  readonly skip?: readonly FrameworkSkip[];
}

const groups: Readonly<Record<string, readonly FrameworkCase[]>> = {
  outcomes: outcomeCases,
  errors: errorCases,
  'requests and responses': responseCases,
  'closed by default': closedCases,
};

/**
 * Declares, in the vitest file that calls it, a test for every statement of the framework contract.
 *
 * Each goes over a socket to a real server, byte for byte, so that no client mends what is sent.
 *
 * @throws {TypeError} when a skip has no reason or names a test that there is not
 * @beta
 */
export function frameworkSuite({ name, mount, skip = [] }: FrameworkSuiteOptions): void {
  const skipped = readSkips(skip);

  describe(name, () => {
    const servers: Server[] = [];
    let context: FrameworkContext | undefined;

    beforeAll(async () => {
      context = {
        closed: await listen(mount, {}, servers),
        bare: await listen(mount, { closed: false, errors: false, trustProxy: 1 }, servers),
      };
    });

    afterAll(() => Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve)))));

    for (const [group, cases] of Object.entries(groups)) {
      describe(group, () => {
        for (const { id, title, run } of cases) {
          const reason = skipped.get(id);
          const declare = reason === undefined ? it : it.skip;
          const why = reason === undefined ? '' : ` (skipped: ${reason})`;
          declare(`${title} [${id}]${why}`, { timeout: 20_000 }, async () => {
            if (context === undefined) throw new Error('The application was not mounted.');
            await run(context);
          });
        }
      });
    }
  });
}

async function listen(
  mount: MountFramework,
  over: Partial<FrameworkSpec>,
  servers: Server[],
): Promise<FrameworkServer> {
  const log: SuiteLog = { ran: [], late: undefined };
  const events: { type: string }[] = [];
  const spec = suiteApp(log, over);
  spec.guard.on('*', (event) => events.push(event));
  const { kit, app, listener } = await mount(spec);
  const server = createServer((req, res) => void listener(req, res));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { kit, app, log, events, send: (request) => sendRaw(port, request) };
}

function readSkips(skips: readonly FrameworkSkip[]): ReadonlyMap<string, string> {
  const known: ReadonlySet<string> = new Set(frameworkTestIds);
  const reasons = new Map<string, string>();
  for (const { reason, tests } of skips) {
    if (reason.trim().split(/\s+/).length < 3)
      throw new TypeError(`skip: say in a sentence why ${tests.join(', ')} cannot pass.`);
    for (const test of tests) {
      if (!known.has(test)) throw new TypeError(`skip: there is no test "${test}". See frameworkTestIds.`);
      reasons.set(test, reason);
    }
  }
  return reasons;
}
