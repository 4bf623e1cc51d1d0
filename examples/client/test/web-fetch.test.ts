import { describe } from 'vitest';
import { hasRuntime, type Runtime } from '../src/start-example.js';
import { contract } from './support/contract.js';
import { useExample } from './support/harness.js';
import { sharesFiles } from './support/shares-files.js';

describe('examples/web-fetch', () => {
  sharesFiles('web-fetch', ['auth', 'data', 'input']);
});

describe.each<Runtime>(['node', 'bun', 'deno'])('examples/web-fetch on %s', (runtime) => {
  // Bun and Deno where they are installed.
  describe.skipIf(!hasRuntime(runtime))('', () => contract(useExample('web-fetch', runtime)));
});
