import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Without a browser the tests are skipped with this line, unless REQUIRE_SERVICES says that there must be one. */
export const hasChromium = existsSync(executablePath) || process.env['REQUIRE_SERVICES'] === '1';
if (!hasChromium) console.warn(`skipped: no browser at ${executablePath}; install chromium or set CHROMIUM`);

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
