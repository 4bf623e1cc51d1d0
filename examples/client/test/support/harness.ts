import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { type ApiClient, createClient, type IssuedKey, type Post } from '../../src/api-client.js';
import { type Example, type ExampleName, type Runtime, startExample } from '../../src/start-example.js';

/** How long a process may take to come up on a machine that is busy. */
export const starting = 120_000;

/** An example that runs while the tests of a file do, and its users. */
export interface Harness {
  readonly name: ExampleName;
  /** Its DATA_DIR. */
  readonly data: string;
  readonly example: Example;
  readonly ada: ApiClient;
  readonly grace: ApiClient;
  readonly rex: ApiClient;
  readonly root: ApiClient;
  as(key: string): ApiClient;
  /** Makes a key for whom the client stands. */
  issue(owner: ApiClient, settings?: object): Promise<IssuedKey>;
  write(author: ApiClient, title?: string): Promise<Post>;
  /** Stops it and starts it again on the same data. */
  restart(): Promise<Example>;
}

/** Starts an example before the tests of the file, with data of its own, and stops it after them. */
export function useExample(name: ExampleName, runtime: Runtime = 'node'): Harness {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-example-'));
  const data = join(folder, 'data');
  let example: Example;
  /** Each user's first key: the example prints it once. */
  const seeded = new Map<string, string>();

  beforeAll(async () => {
    example = await startExample(name, { DATA_DIR: data }, runtime);
    for (const user of ['ada', 'grace', 'rex', 'root']) seeded.set(user, example.keyOf(user));
  }, starting);
  afterAll(async () => {
    await example.stop('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  const as = (key: string | undefined): ApiClient => createClient(example.url, key);
  return {
    name,
    data,
    as,
    get example() {
      return example;
    },
    get ada() {
      return as(seeded.get('ada'));
    },
    get grace() {
      return as(seeded.get('grace'));
    },
    get rex() {
      return as(seeded.get('rex'));
    },
    get root() {
      return as(seeded.get('root'));
    },
    async issue(owner, settings = {}) {
      const json = { name: 'a key', ...settings };
      const { status, body } = await owner.call<IssuedKey>('POST', '/api/keys', { json });
      expect(status).toBe(201);
      return body;
    },
    async write(author, title = 'A title') {
      const json = { title, body: 'Some words.' };
      const { status, body } = await author.call<Post>('POST', '/api/posts', { json });
      expect(status).toBe(201);
      return body;
    },
    async restart() {
      expect(await example.stop('SIGTERM')).toBe(0);
      return (example = await startExample(name, { DATA_DIR: data }, runtime));
    },
  };
}
