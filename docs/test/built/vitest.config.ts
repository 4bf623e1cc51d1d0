import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const docs = fileURLToPath(new URL('../..', import.meta.url));
if (!existsSync(`${docs}/dist/index.html`)) throw new Error('There is no built site. mend: npm run docs');

// What is tested on the built pages, apart from the docs' other tests, which need no build.
export default defineConfig({ test: { root: docs, include: ['test/built/**/*.test.ts'] } });
