import { gzipSync } from 'node:zlib';
import { build, type Plugin, transform } from 'esbuild';

const root = new URL('../../..', import.meta.url).pathname;
const frameworks = ['express', 'koa', '@koa/router', 'hono', 'hono/*', 'fastify'];

/** One source file's share of a bundle, minified. */
interface Part {
  readonly file: string;
  readonly code: string;
}

const kB = (bytes: number): string => (bytes / 1000).toFixed(2);
const sizeOf = (parts: readonly Part[]): number =>
  gzipSync(parts.map(({ code }) => code).join(''), { level: 9 }).length;

// A bundle of sources, and not of what is built, so that every file can be told apart.
const onNode: Plugin = {
  name: 'no portable SHA-256',
  setup({ onResolve }) {
    onResolve({ filter: /^#portable-sha256$/ }, () => ({
      path: `${root}packages/core/src/runtime/no-portable-sha256.ts`,
      sideEffects: false,
    }));
  },
};

async function partsOf(program: string): Promise<readonly Part[]> {
  const { outputFiles } = await build({
    entryPoints: [`${root}packages/e2e/size/${program}.js`],
    absWorkingDir: root,
    bundle: true,
    minifyIdentifiers: true,
    minifySyntax: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    conditions: ['@portcullis/source'],
    external: frameworks,
    plugins: [onNode],
    logLevel: 'silent',
  });
  const parts: { file: string; lines: string[] }[] = [];
  for (const line of outputFiles[0]?.text.split('\n') ?? []) {
    const [, file] = /^\/\/ (\S+\.[jt]s)$/.exec(line) ?? [];
    if (file !== undefined) parts.push({ file: file.replace(/^packages\//, '').replace('/src/', '/'), lines: [] });
    else parts.at(-1)?.lines.push(line);
  }
  return Promise.all(
    parts.map(async ({ file, lines }) => {
      const { code } = await transform(lines.join('\n'), { minifyWhitespace: true, target: 'es2022' });
      return { file, code };
    }),
  );
}

/** What taking files out of the bundle saves: less than their own size, because they share words with the rest. */
function shareOf(parts: readonly Part[], taken: (file: string) => boolean): number {
  return sizeOf(parts) - sizeOf(parts.filter(({ file }) => !taken(file)));
}

/** The bundle without its sentences: string literals with a space in them. */
function withoutProse(parts: readonly Part[]): readonly Part[] {
  const literal = /`(?:[^`\\]|\\.)*`|"(?:[^"\\]|\\.)*"/g;
  const emptied = (text: string): string => (text.length > 14 && text.includes(' ') ? '""' : text);
  return parts.map(({ file, code }) => ({ file, code: code.replace(literal, emptied) }));
}

/** Files that a program could do without if the feature were not a method or an option of something that it needs. */
const features: Readonly<Record<string, readonly string[]>> = {
  'rate limits and quotas of keys': ['api-key/key-limits.ts', 'core/rate-limit/rate-limit-fields.ts'],
  'addresses of keys': ['api-key/cidr.ts'],
  'last use of keys': ['core/lifecycle/background.ts', 'core/lifecycle/touch-buffer.ts'],
  'checks of a key before any lookup': ['api-key/key-format.ts', 'api-key/crc32.ts'],
  'live revocation (`auth.signal`)': ['core/guard/auth-signal.ts', 'core/lifecycle/revocation-signal.ts'],
  events: ['core/events/events.ts', 'core/guard/guard-reporter.ts', 'api-key/api-key-events.ts'],
  'route audit': ['express/audit-routes.ts', 'core/guard/route-audit.ts', 'core/adapter/route-list.ts'],
  '`closed()`': ['express/closed-routes.ts'],
  'start-up check of requirements': ['core/guard/validate-requirement.ts'],
  'freshness of a sign-in': ['core/guard/check-freshness.ts'],
  'tenants, rules, fields': ['core/policy/check-resource.ts', 'core/policy/compiled-policy.ts'],
  'header fields after the handler': ['core/node/response-sink.ts', 'core/cookies/serialize-cookie.ts'],
};

/** What the smallest useful server bundles, file by file: where the bytes are, and what each feature is of them. */
export async function bundleParts(): Promise<void> {
  for (const program of ['key-verifier-on-express', 'api-keys-on-express']) {
    const parts = await partsOf(program);
    const total = sizeOf(parts);
    const prose = total - sizeOf(withoutProse(parts));
    console.log(`\n### ${program}: ${kB(total)} kB min + gzip, of which sentences are ${kB(prose)}\n`);
    console.log('| feature | kB |\n|---|--:|');
    for (const [feature, files] of Object.entries(features)) {
      console.log(`| ${feature} | ${kB(shareOf(parts, (file) => files.includes(file)))} |`);
    }
    const all = Object.values(features).flat();
    console.log(`| all of these | ${kB(shareOf(parts, (file) => all.includes(file)))} |`);
    console.log('\n| folder | kB |\n|---|--:|');
    const folders = [...new Set(parts.map(({ file }) => file.slice(0, file.lastIndexOf('/'))))];
    for (const folder of folders) {
      console.log(`| ${folder} | ${kB(shareOf(parts, (file) => file.slice(0, file.lastIndexOf('/')) === folder))} |`);
    }
    console.log('\n| file | kB |\n|---|--:|');
    const files = parts.map(({ file }) => ({ file, share: shareOf(parts, (other) => other === file) }));
    for (const { file, share } of files.sort((a, b) => b.share - a.share)) console.log(`| ${file} | ${kB(share)} |`);
  }
}
