import { createApiKeys } from '@portcullis/api-key';
import { createMemoryStorage } from '@portcullis/core';
import { createSessions } from '@portcullis/session';
import type { Command, CommandContext } from '../command.js';
import type { PortcullisConfig } from '../config.js';
import { type Finding, inspectResponse } from '../inspect-response.js';
import { findConfig } from '../load-config.js';
import type { OpenedStorage } from '../opened-storage.js';
import { table } from '../text.js';
import { driftLine, findDrift } from './migrate.js';

const warnSkewMs = 1000;
const failSkewMs = 30_000;

export const doctor: Command = {
  name: 'doctor',
  summary: 'Look for what is set up wrongly: configuration, database, clocks, cookie, proxy. Only reads.',
  options: {
    url: { value: 'URL', help: 'also ask the running application for this page, and look at its cookies and headers' },
  },
  details: 'Exits with 1 when something failed; warnings are yours to judge.',
  async run(context) {
    const config = await context.config();
    const file = findConfig(context.cwd, context.given.text('config'));
    const findings: Finding[] = [
      { check: 'configuration', result: 'ok', detail: file ?? 'none: the options below it are not checked' },
      ...(await inspectStorage(context)),
      ...inspectKeys(config),
      ...inspectSessions(config),
      ...inspectProxy(config),
    ];
    const url = context.given.text('url');
    if (url !== undefined)
      findings.push(...(await inspectResponse(url, config.sessions?.cookie?.name ?? '__Host-sid')));
    const failed = findings.some(({ result }) => result === 'failed');
    await context.print(table(findings.map(({ result, check, detail }) => [result, check, detail])), {
      failed,
      findings,
    });
    return failed ? 1 : 0;
  },
};

async function attempt(check: string, work: () => Promise<Finding>): Promise<Finding> {
  try {
    return await work();
  } catch (error) {
    return { check, result: 'failed', detail: (error as Error).message };
  }
}

async function inspectStorage(context: CommandContext): Promise<readonly Finding[]> {
  let opened: OpenedStorage;
  try {
    opened = await context.open();
  } catch (error) {
    return [{ check: 'storage', result: 'failed', detail: (error as Error).message }];
  }
  const { shared, durable, bus } = opened.storage.capabilities;
  const lacks = [
    shared ? '' : 'is not shared between processes',
    durable ? '' : 'may lose acknowledged writes in a crash',
  ].filter(Boolean);
  return [
    {
      check: 'storage',
      result: lacks.length === 0 ? 'ok' : 'warning',
      detail: `${opened.name}${lacks.length === 0 ? '' : ` ${lacks.join(' and ')}`}; ${bus ? 'it has a bus' : 'no bus: caches are as stale as their ttl'}`,
    },
    opened.drift === undefined
      ? { check: 'database', result: 'skipped', detail: 'this storage has nothing to check' }
      : await attempt('database', async () => {
          const drift = await findDrift(context, opened);
          const told = drift.slice(0, 5).map(driftLine).join(', ');
          return drift.length === 0
            ? { check: 'database', result: 'ok', detail: 'has all that the collections need' }
            : {
                check: 'database',
                result: 'failed',
                detail: `${told}${drift.length > 5 ? ', …' : ''}: see portcullis migrate`,
              };
        }),
    await attempt('clock', () => inspectClock(context, opened)),
  ];
}

async function inspectClock({ clock }: CommandContext, { now, name }: OpenedStorage): Promise<Finding> {
  if (now === undefined) {
    const detail = name.startsWith('sqlite:')
      ? 'SQLite has no clock but this machine'
      : 'set databaseClock in the configuration to compare';
    return { check: 'clock', result: 'skipped', detail };
  }
  // The first call may have to connect.
  await now();
  const before = clock();
  const there = await now();
  const after = clock();
  const skew = Math.round(there - (before + after) / 2);
  const detail = `the database is ${Math.abs(skew)} ms ${skew < 0 ? 'behind' : 'ahead'} (measured to ${Math.ceil((after - before) / 2) + 1} ms)`;
  const size = Math.abs(skew);
  return { check: 'clock', result: size >= failSkewMs ? 'failed' : size >= warnSkewMs ? 'warning' : 'ok', detail };
}

function inspectKeys({ apiKeys }: PortcullisConfig): readonly Finding[] {
  if (apiKeys === undefined)
    return [{ check: 'API keys', result: 'skipped', detail: 'no apiKeys in the configuration' }];
  try {
    void createApiKeys<string>({ ...apiKeys, storage: createMemoryStorage() }).close();
  } catch (error) {
    return [{ check: 'API keys', result: 'failed', detail: (error as Error).message }];
  }
  const unlimited = apiKeys.defaultScopes === 'unlimited';
  return [
    {
      check: 'API keys',
      result: unlimited ? 'warning' : 'ok',
      detail: unlimited ? 'a key made without scopes may do whatever its owner may' : `brand ${apiKeys.brand}`,
    },
  ];
}

function inspectSessions({ sessions }: PortcullisConfig): readonly Finding[] {
  if (sessions === undefined)
    return [{ check: 'session cookie', result: 'skipped', detail: 'no sessions in the configuration' }];
  try {
    void createSessions<never>({ ...sessions, storage: createMemoryStorage() }).close();
  } catch (error) {
    return [{ check: 'session cookie', result: 'failed', detail: (error as Error).message }];
  }
  const { cookie = {}, csrf } = sessions;
  const warnings = [
    cookie.dangerouslyAllowHttp === true && 'it is sent over plain http: anybody on the way can take it',
    cookie.domain !== undefined && `every host of ${cookie.domain} gets it and can set it`,
    cookie.sameSite === 'none' && 'other sites send it along: only the CSRF checks stand between',
    csrf.key === undefined && 'without csrf.key, browsers that send neither Sec-Fetch-Site nor Origin are refused',
  ].filter((text) => text !== false);
  if (warnings.length === 0) return [{ check: 'session cookie', result: 'ok', detail: cookie.name ?? '__Host-sid' }];
  return warnings.map((detail) => ({ check: 'session cookie', result: 'warning', detail }));
}

function inspectProxy({ trustProxy, sessions }: PortcullisConfig): readonly Finding[] {
  const finding = (result: Finding['result'], detail: string): readonly Finding[] => [
    { check: 'proxy', result, detail },
  ];
  if (trustProxy === undefined)
    return finding('skipped', 'state trustProxy in the configuration, as the framework adapter has it');
  if (trustProxy !== false && !(Number.isInteger(trustProxy) && trustProxy >= 1 && trustProxy <= 32))
    return finding('failed', 'trustProxy takes the number of proxies in front of the process, 1 to 32, or false');
  const https = sessions?.csrf.origins.some((origin) => String(origin).startsWith('https:')) === true;
  if (trustProxy === false && https)
    return finding(
      'warning',
      'the origins are https and no proxy is trusted: if one ends TLS, all clients share its address in limits and allow-lists',
    );
  return finding(
    'ok',
    trustProxy === false ? 'none' : `${trustProxy} in front; nobody may reach the process around them`,
  );
}
