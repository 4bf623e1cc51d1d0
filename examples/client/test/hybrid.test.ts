import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { KeySummary } from '../src/api-client.js';
import { ExampleFailed, startExample } from '../src/start-example.js';
import { contract } from './support/contract.js';
import { starting, useExample } from './support/harness.js';

const harness = useExample('hybrid');

describe('examples/hybrid for administrators', () => {
  it("lists anybody's keys, and lets nobody else do so", async () => {
    const { status, body } = await harness.root.call<{ keys: KeySummary[] }>('GET', '/api/keys?owner=rex');
    expect([status, body.keys.map(({ owner }) => owner)]).toEqual([200, ['rex']]);
    const denied = await harness.rex.call('GET', '/api/keys?owner=root');
    expect([denied.status, denied.body.code]).toEqual([403, 'permission_denied']);
  });

  it('logs what was refused, as JSON on standard error and without a secret', async () => {
    await harness.rex.call('DELETE', '/api/posts/1');
    const events = harness.example
      .output()
      .stderr.trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly type: string; readonly path?: string });
    expect(events).toContainEqual(expect.objectContaining({ type: 'authorization.denied', path: '/api/posts/1' }));
    expect(harness.example.output().stderr).not.toContain('ink_live_');
  });
});

async function failure(env: { readonly DATA_DIR: string; readonly PORT?: string }): Promise<ExampleFailed> {
  return startExample('hybrid', env).then(
    (started) => started.stop('SIGTERM').then(() => Promise.reject(new Error('it has started'))),
    (error: unknown) => {
      if (error instanceof ExampleFailed) return error;
      throw error;
    },
  );
}

describe('examples/hybrid at start-up', () => {
  it(
    'says in one line that the port is taken',
    async () => {
      const other = createServer();
      await new Promise<void>((resolve) => void other.listen(0, '127.0.0.1', resolve));
      const { port } = other.address() as AddressInfo;
      const { exitCode, stderr } = await failure({ DATA_DIR: `${harness.data}-other`, PORT: String(port) });
      other.close();
      expect([exitCode, stderr]).toEqual([1, `hybrid: PORT: ${port} is taken\n`]);
    },
    starting,
  );

  it(
    'says in one line that DATA_DIR cannot be used',
    async () => {
      const file = `${harness.data}-a-file`;
      writeFileSync(file, '');
      const { exitCode, stderr } = await failure({ DATA_DIR: file });
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/^hybrid: DATA_DIR: cannot use .*a-file: .+\n$/);
    },
    starting,
  );
});

describe('examples/hybrid', () => {
  contract(harness);
});
