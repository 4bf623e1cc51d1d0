import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createMemoryStorage, utf8 } from '@portcullis/core';
import { importRecords } from '@portcullis/transfer';
import { describe, expect, it } from 'vitest';
import { application, password, requestWith, type Stored, writeStored } from './support/release.js';

const folder = new URL('stored/', import.meta.url);
const { STORED: wanted } = process.env;
if (wanted !== undefined) {
  const stored = await writeStored(Date.UTC(2026, 10, 27));
  writeFileSync(new URL(`${wanted}.json`, folder), `${JSON.stringify(stored, null, 2)}\n`, { flag: 'wx' });
}

const releases: [string, Stored][] = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => [file.slice(0, -'.json'.length), JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Stored]);

async function* linesOf({ records }: Stored): AsyncGenerator<Uint8Array> {
  yield* [utf8(`${records.join('\n')}\n`)];
}

describe.each([...releases, ['of today', await writeStored(Date.UTC(2026, 10, 27))] as const])(
  'what release %s has stored and handed out',
  (_release, stored) => {
    const clock = () => stored.at + 60_000;
    async function open() {
      const storage = createMemoryStorage({ clock });
      const report = await importRecords(storage, linesOf(stored), { clock });
      expect(report).toMatchObject({ verified: true });
      expect(report.collections.reduce((sum, { created }) => sum + created, 0)).toBeGreaterThanOrEqual(6);
      return application(storage, clock);
    }

    it('is imported whole, and its API keys go on working', async () => {
      const { keys } = await open();
      for (const key of [stored.apiKey, stored.rotatedApiKey])
        expect(await keys.verify(key)).toMatchObject({ outcome: 'verified', key: { owner: 'ada', name: 'CI' } });
    });

    it('keeps revoked what was revoked', async () => {
      const { keys } = await open();
      expect(await keys.verify(stored.revokedApiKey)).toMatchObject({ outcome: 'rejected' });
      expect(await keys.get(stored.revokedApiKey.slice(10, 22))).toMatchObject({ revokedReason: 'lost' });
    });

    it('keeps its sessions', async () => {
      const { sessions, sealed } = await open();
      expect(await sessions.read(requestWith(stored.sessionCookie))).toMatchObject({ user: 'ada' });
      expect(await sealed.read(requestWith(stored.sealedCookie))).toMatchObject({ user: 'ada' });
    });

    it('keeps its logins: the tokens are good, and are refreshed', async () => {
      const { tokens } = await open();
      expect(await tokens.refresh(stored.refreshToken, { clientId: 'app' })).toMatchObject({ ok: true });
      // What verifies a token can end it.
      expect(await tokens.revoke(stored.accessToken)).toBe('revoked');
    });

    it("keeps what users granted at providers, and their passwords' hashes", async () => {
      const { vault, passwords } = await open();
      expect((await vault.accessToken('ada', 'example')).token.reveal()).toBe('at-1');
      for (const hash of stored.passwordHashes)
        expect(await passwords.verify(password, hash)).toMatchObject({ verified: true });
    });
  },
);
