import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { ExampleName } from '../../src/start-example.js';

/** What has nothing to do with the framework is the same in every twin, to the letter. */
export function sharesFiles(name: ExampleName, files: readonly string[]): void {
  it.each(files)('has the same src/%s.ts as the one for Express', (file) => {
    const [own, express] = [name, 'express-api-keys'].map((folder) =>
      readFileSync(new URL(`../../../${folder}/src/${file}.ts`, import.meta.url), 'utf8'),
    );
    expect(own).toBe(express);
  });
}
