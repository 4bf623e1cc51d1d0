import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import type { KeySummary, Post } from '../../src/api-client.js';
import { type Harness, starting } from './harness.js';

/** The process: what it prints, what it writes, how it stops. It comes last, because it restarts the example. */
export function processSuite(harness: Harness): void {
  describe('start', () => {
    it('prints a key for each user, their logins where there are passwords, then one ready line, and nothing else', () => {
      const { stdout } = harness.example.output();
      const words = stdout.map((line) => line.split(' ').slice(0, 2).join(' '));
      const kinds = harness.name === 'hybrid' ? ['key', 'login'] : ['key'];
      const seeded = kinds.flatMap((kind) => ['ada', 'grace', 'rex', 'root'].map((user) => `${kind} ${user}`));
      expect(words).toEqual([...seeded, `ready ${harness.example.url}`]);
      for (const line of stdout.filter((text) => text.startsWith('login ')))
        expect(line).toMatch(/^login (\w+) \1@example\.org [\w-]{20,}$/);
      for (const line of harness.example.keyLines) expect(line).toMatch(/^key \w+ ink_live_[0-9A-Za-z]{46}$/);
    });

    it('keeps what it writes from other users of the machine', () => {
      const { data } = harness;
      const modes = [data, ...readdirSync(data).map((file) => join(data, file))].map(
        (path) => statSync(path).mode & 0o077,
      );
      expect(modes.length).toBeGreaterThan(1);
      expect(new Set(modes)).toEqual(new Set([0]));
    });

    it(`stores no plaintext of a key ${requirement('K2')}`, () => {
      const { data } = harness;
      const stored = readdirSync(data)
        .map((file) => readFileSync(join(data, file), 'latin1'))
        .join('');
      expect(stored).toContain('first key');
      for (const line of harness.example.keyLines) {
        const [, , plaintext = ''] = line.split(' ');
        expect(stored.includes(plaintext)).toBe(false);
      }
    });
  });

  describe('a restart', () => {
    it(
      'keeps posts, keys and revocations, and prints no key again',
      async () => {
        const post = await harness.write(harness.ada, 'Before the restart');
        const kept = await harness.issue(harness.ada, { scopes: ['posts:read'] });
        const revoked = await harness.issue(harness.ada);
        await harness.ada.call('DELETE', `/api/keys/${revoked.id}`);

        const restarted = await harness.restart();
        expect(restarted.output().stdout).toEqual([`ready ${restarted.url}`]);

        expect((await harness.as(kept.key).call<Post>('GET', `/api/posts/${post.id}`)).body).toEqual(post);
        expect((await harness.as(kept.key).call('POST', '/api/posts')).status).toBe(403);
        expect((await harness.as(revoked.key).call('GET', '/api/me')).status).toBe(401);
        const { body } = await harness.ada.call<{ keys: KeySummary[] }>('GET', '/api/keys');
        expect(body.keys.find(({ id }) => id === revoked.id)?.revokedAt).toBeTypeOf('number');
        // Written when the process before was told to stop.
        expect(body.keys.find(({ name: label }) => label === 'first key')?.lastUsedAt).toBeTypeOf('number');
        expect(await restarted.stop('SIGINT')).toBe(0);
      },
      starting,
    );
  });
}
