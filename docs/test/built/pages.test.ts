import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveSite } from '../support/site-server.js';

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const hasChromium = existsSync(executablePath) || process.env['REQUIRE_SERVICES'] === '1';
if (!hasChromium) console.warn(`skipped: no browser at ${executablePath}; install chromium or set CHROMIUM`);
/** A folder for pictures of every page looked at, for a reviewer. */
const pictures = process.env['SCREENSHOTS'];

const paths = [
  '/',
  '/learn/',
  '/learn/choose',
  '/learn/jwt',
  '/learn/oauth',
  '/guide/',
  '/guide/machine-to-machine',
  '/guide/behind-a-proxy',
  '/guide/deploying',
  '/guide/framework-adapter',
  '/guide/storage',
  '/packages/jwt',
  '/reference/headers',
  '/errors',
  '/project/configuration',
  '/project/requirements',
  '/api/core',
];

/** What stands out of a narrow screen to the right, and cannot be reached by scrolling it alone. */
const overflow = (page: Page) =>
  page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll('main *')]
      .filter((element) => element.getBoundingClientRect().right > width + 1)
      .slice(0, 5)
      .map((element) => `${element.tagName} ${element.className} ${element.textContent.slice(0, 40)}`);
  });

/** Contrast of each kind of text with what is behind it, worst first (WCAG 2.2, 1.4.3). */
const faintTexts = (page: Page) =>
  page.evaluate(() => {
    type Color = [number, number, number, number];
    const parse = (text: string): Color => {
      const [red = 0, green = 0, blue = 0, alpha = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
      return [red, green, blue, alpha];
    };
    const over = ([r, g, b, a]: Color, [R, G, B]: Color): Color => {
      const mix = (top: number, below: number): number => top * a + below * (1 - a);
      return [mix(r, R), mix(g, G), mix(b, B), 1];
    };
    const luminance = ([r, g, b]: Color): number => {
      const linear = (value: number): number =>
        value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
      return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    };
    const behind = (element: Element): Color => {
      const layers: Color[] = [];
      for (let at: Element | null = element; at !== null; at = at.parentElement) {
        const color = parse(getComputedStyle(at).backgroundColor);
        if (color[3] > 0) layers.push(color);
        if (color[3] === 1) break;
      }
      const dark = document.documentElement.classList.contains('dark');
      return layers.reduceRight<Color>((below, top) => over(top, below), dark ? [27, 27, 31, 1] : [255, 255, 255, 1]);
    };
    const found = new Map<string, string>();
    for (const element of document.querySelectorAll('main *')) {
      const own = [...element.childNodes].some(({ nodeType, textContent }) => nodeType === 3 && textContent?.trim());
      const style = getComputedStyle(element);
      // A gradient on text has a colour that no computed style tells; what is hidden is read by nobody.
      if (!own || style.visibility === 'hidden' || style.opacity === '0' || element.getClientRects().length === 0)
        continue;
      if (style.backgroundClip === 'text' || element.closest('svg') !== null) continue;
      const ground = behind(element);
      const [a, b] = [luminance(over(parse(style.color), ground)), luminance(ground)];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      const isLarge =
        Number.parseFloat(style.fontSize) >= 24 ||
        (style.fontWeight >= '700' && Number.parseFloat(style.fontSize) >= 18.66);
      if (ratio >= (isLarge ? 3 : 4.5)) continue;
      found.set(
        `${element.tagName}.${element.className} ${style.color}`,
        `${ratio.toFixed(2)} ${element.tagName}.${element.className}: ${element.textContent.trim().slice(0, 40)}`,
      );
    }
    return [...found.values()];
  });

describe.runIf(hasChromium)('the built pages in a browser', () => {
  let browser: Browser;
  let site: Awaited<ReturnType<typeof serveSite>>;
  beforeAll(async () => {
    site = await serveSite();
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    site.close();
  });

  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [375, 1280])
      it(`fits ${width} pixels and can be read, ${colorScheme}`, { timeout: 300_000 }, async () => {
        const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
        const page = await context.newPage();
        const problems: unknown[] = [];
        page.on('pageerror', (error) => problems.push(['an error', error.message]));
        page.on('response', (answer) => {
          if (answer.status() >= 400) problems.push([answer.url(), answer.status()]);
        });
        for (const path of paths) {
          await page.goto(`${site.url}${path}`, { waitUntil: 'load' });
          if (path === '/learn/choose') {
            await page.getByLabel('A person, from a page in a browser').check();
            await page.getByLabel('From the same site').check();
            await page.getByLabel('At a provider').check();
            await page.locator('[data-outcome=provider]').waitFor();
          }
          const isDark = await page.evaluate(() => document.documentElement.classList.contains('dark'));
          expect(isDark).toBe(colorScheme === 'dark');
          for (const found of await overflow(page)) problems.push([path, 'too wide', found]);
          for (const found of await faintTexts(page)) problems.push([path, 'too faint', found]);
          const name = `${path.replaceAll('/', '_')}-${width}-${colorScheme}`;
          if (pictures !== undefined) await page.screenshot({ path: `${pictures}/${name}.png` });
        }
        expect(problems).toEqual([]);
        await context.close();
      });
});
