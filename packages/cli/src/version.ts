import { readFileSync } from 'node:fs';

// Read, not imported: the manifest stands beside dist and beside src alike.
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

/** The version of this package. */
export const version: string = manifest.version;
