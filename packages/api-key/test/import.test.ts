import { createHash } from 'node:crypto';
import { requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { request, setup } from './support.js';

const parseImported = (text: string): string | undefined =>
  /^old_[0-9a-f]{32}$/.test(text) ? text.slice(4) : undefined;
const foreign = 'old_00112233445566778899aabbccddeeff';
const digest = (encoding: 'hex' | 'base64url'): string =>
  createHash('sha256').update(foreign.slice(4)).digest(encoding);
const coded = (code: string): unknown => expect.objectContaining({ code });

describe('import', () => {
  it.each([digest('hex'), digest('hex').toUpperCase(), digest('base64url')])(
    `takes over a key by its hash %s ${requirement('K3')}`,
    async (hash) => {
      const { keys, clock } = setup({ parseImported });
      const record = await keys.import({
        hash,
        owner: 'ada',
        scopes: ['x'],
        createdAt: clock() - 1000,
        rateLimit: { limit: 9, windowMs: 1000 },
      });
      expect(record).toMatchObject({
        id: digest('base64url'),
        imported: true,
        environment: 'live',
        createdAt: clock() - 1000,
      });
      expect(keys.verify(foreign)).toMatchObject({
        outcome: 'verified',
        key: { id: record.id, owner: 'ada' },
        scopes: ['x'],
      });
      expect(keys.verify(`${foreign.slice(0, -1)}e`)).toMatchObject({ outcome: 'rejected' });
      expect(keys.authenticator().claims(request([['authorization', `Bearer ${foreign}`]]))).toBe(true);
      await keys.revoke(record.id, { reason: 'moved' });
      expect(keys.verify(foreign)).toMatchObject({ outcome: 'rejected' });
    },
  );

  it('keeps to environments, and makes no second one of a hash', async () => {
    const { keys } = setup({ parseImported });
    await keys.import({ hash: digest('hex'), owner: 'ada', environment: 'test' });
    expect(keys.verify(foreign)).toMatchObject({ outcome: 'rejected' });
    await expect(keys.import({ hash: digest('base64url'), owner: 'grace' })).rejects.toThrow(coded('key_exists'));
  });

  it('cannot rotate what keeps another format', async () => {
    const { keys } = setup({ parseImported });
    const { id } = await keys.import({ hash: digest('hex'), owner: 'ada' });
    await expect(keys.rotate(id, { graceMs: 0 })).rejects.toThrow(coded('key_imported'));
  });

  it('refuses what is no SHA-256, a time to come, and an import that could never verify', async () => {
    const { keys, clock } = setup({ parseImported });
    for (const hash of [
      '',
      'x'.repeat(64),
      'a'.repeat(63),
      `${'A'.repeat(42)}B`,
      '+'.repeat(43),
      undefined as unknown as string,
    ]) {
      await expect(keys.import({ hash, owner: 'ada' })).rejects.toThrow(coded('invalid_key_input'));
    }
    await expect(keys.import({ hash: digest('hex'), owner: 'ada', createdAt: clock() + 1 })).rejects.toThrow(
      coded('invalid_key_input'),
    );
    await expect(setup().keys.import({ hash: digest('hex'), owner: 'ada' })).rejects.toThrow(coded('invalid_option'));
  });

  it('verifies any key of printable ASCII whose hash was imported, and no text beyond it', async () => {
    const { keys } = setup({ parseImported: (text) => text });
    await fc.assert(
      fc.asyncProperty(
        fc.string({
          unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
          minLength: 20,
          maxLength: 100,
        }),
        async (text) => {
          await keys.import({ hash: createHash('sha256').update(text).digest('hex'), owner: 'ada' });
          expect(keys.verify(text)).toMatchObject({ outcome: 'verified' });
        },
      ),
      { numRuns: 50 },
    );
    for (const text of ['\ud800', 'a b', 'ä', 'x'.repeat(513)]) {
      await keys.import({ hash: createHash('sha256').update(text).digest('hex'), owner: 'ada' });
      expect(keys.verify(text)).toMatchObject({ outcome: 'rejected' });
    }
  });

  it('reports an unknown key without its hash', async () => {
    const { keys, events } = setup({ parseImported });
    await keys.verify(foreign);
    expect(events).toEqual([expect.objectContaining({ type: 'api_key.rejected', reason: 'unknown' })]);
    expect(events[0]).not.toHaveProperty('keyId');
  });

  it('does not take a native record for an imported one', async () => {
    const { keys } = setup({ parseImported: (text) => text });
    const { record } = await keys.create({ owner: 'ada' });
    expect(keys.verify(record.id)).toMatchObject({ outcome: 'rejected' });
  });
});
